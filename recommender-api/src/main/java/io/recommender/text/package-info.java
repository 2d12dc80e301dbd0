/**
 * Recommendations through models that read and write words: prompts with variables, what to make of
 * an answer, and a recommender and a reranker around any {@link io.recommender.text.TextGenerator}.
 *
 * <p>A conversation is a request with a {@link io.recommender.RecommendationRequest#dialog dialog}:
 * {@link io.recommender.text.DialogRecommender} makes a history of what was said, and {@link
 * io.recommender.text.ReplyRecommender} says something with the items.
 *
 * <p>A model is free in what it writes; these are not in what they return: items of the catalogue
 * that pass the filter, each once, and a notice where an answer could not be read.
 */
@NullMarked
package io.recommender.text;

import org.jspecify.annotations.NullMarked;
