/**
 * Items by the words that describe them.
 *
 * <ul>
 *   <li>{@link io.recommender.ann.text.KeywordIndex}: the items that fit weighted keywords best, by
 *       BM25, while items come and go.
 *   <li>{@link io.recommender.ann.text.WordAnalyzer}: the words of a text.
 * </ul>
 */
@NullMarked
package io.recommender.ann.text;

import org.jspecify.annotations.NullMarked;
