package io.recommender.ann.semantic;

/**
 * What a model is told about each token beside the token, as DiscRec ("Disentangled
 * Semantic-Collaborative Modeling for Generative Recommendation", 2025) is told the structure of
 * items.
 */
public enum AlignedInput {
  /** The level of a code within its item: 0, 1, 2, 0, 1, 2. */
  CODE_POSITION,
  /** The number of the item within the prompt: 0, 0, 0, 1, 1, 1. */
  ITEM_INDEX
}
