/** Terms of a thesaurus for the Boolean queries of literature searches. */
@NullMarked
package io.recommender.examples.thesaurus;

import org.jspecify.annotations.NullMarked;
