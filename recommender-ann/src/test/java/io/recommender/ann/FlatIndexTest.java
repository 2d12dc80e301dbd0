package io.recommender.ann;

import io.recommender.ItemIndex;
import io.recommender.Similarity;
import io.recommender.testing.ItemIndexContract;

class FlatIndexTest extends ItemIndexContract {
  @Override
  protected ItemIndex create(int dimension, Similarity similarity) {
    return new FlatIndex(dimension, similarity);
  }
}
