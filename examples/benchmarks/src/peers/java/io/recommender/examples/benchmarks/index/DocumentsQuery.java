package io.recommender.examples.benchmarks.index;

import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.ConstantScoreScorerSupplier;
import org.apache.lucene.search.ConstantScoreWeight;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.QueryVisitor;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.ScorerSupplier;
import org.apache.lucene.search.Weight;
import org.apache.lucene.util.BitSetIterator;
import org.apache.lucene.util.FixedBitSet;

/** Matches given documents of an index with one segment. */
final class DocumentsQuery extends Query {
  private final FixedBitSet documents;
  private final int count;

  DocumentsQuery(FixedBitSet documents) {
    this.documents = documents;
    count = documents.cardinality();
  }

  @Override
  public Weight createWeight(IndexSearcher searcher, ScoreMode scoreMode, float boost) {
    return new ConstantScoreWeight(this, boost) {
      @Override
      public ScorerSupplier scorerSupplier(LeafReaderContext context) {
        return ConstantScoreScorerSupplier.fromIterator(
            new BitSetIterator(documents, count), score(), scoreMode, documents.length());
      }

      @Override
      public boolean isCacheable(LeafReaderContext context) {
        return true;
      }
    };
  }

  @Override
  public void visit(QueryVisitor visitor) {
    visitor.visitLeaf(this);
  }

  @Override
  public String toString(String field) {
    return "DocumentsQuery[" + count + "]";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DocumentsQuery query && query.documents == documents;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(documents);
  }
}
