/**
 * The shop as a page in the browser: products, recommendations that follow every click, and why.
 */
package io.recommender.examples.page;
