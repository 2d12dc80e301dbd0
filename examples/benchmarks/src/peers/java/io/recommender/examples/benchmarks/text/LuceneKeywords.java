package io.recommender.examples.benchmarks.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LogDocMergePolicy;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.MMapDirectory;

/**
 * Lucene with BM25 and the words of the same analyzer: one segment in mapped files, no cache of
 * queries, and no count of hits beyond those returned, which lets it skip as much as it can.
 */
final class LuceneKeywords implements AutoCloseable {
  private static final String FIELD = "text";

  private final Directory directory;
  private final DirectoryReader reader;
  private final IndexSearcher searcher;
  private final Path folder;

  LuceneKeywords(
      Path folder, List<String> texts, Function<String, List<String>> words, double k1, double b)
      throws IOException {
    this.folder = folder;
    BM25Similarity similarity = new BM25Similarity((float) k1, (float) b);
    directory = new MMapDirectory(folder);
    try (Analyzer unused = new StandardAnalyzer();
        IndexWriter writer =
            new IndexWriter(
                directory,
                new IndexWriterConfig(unused)
                    .setSimilarity(similarity)
                    .setMergePolicy(new LogDocMergePolicy())
                    .setMergeScheduler(new SerialMergeScheduler())
                    .setUseCompoundFile(false))) {
      for (String text : texts) {
        Document document = new Document();
        document.add(new TextField(FIELD, new Words(words.apply(text))));
        writer.addDocument(document);
      }
      writer.forceMerge(1);
    }
    reader = DirectoryReader.open(directory);
    searcher = new IndexSearcher(reader);
    searcher.setSimilarity(similarity);
    searcher.setQueryCache(null);
  }

  ScoreDoc[] search(List<String> keywords, int k) throws IOException {
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    for (String keyword : keywords) {
      query.add(new TermQuery(new Term(FIELD, keyword)), BooleanClause.Occur.SHOULD);
    }
    return searcher.search(query.build(), new TopScoreDocCollectorManager(k, k)).scoreDocs;
  }

  /** Returns the bytes of all files. */
  long bytes() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.mapToLong(LuceneKeywords::size).sum();
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    reader.close();
    directory.close();
  }

  private static final class Words extends TokenStream {
    private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
    private final List<String> words;
    private int next;

    Words(List<String> words) {
      this.words = words;
    }

    @Override
    public boolean incrementToken() {
      if (next == words.size()) {
        return false;
      }
      clearAttributes();
      term.append(words.get(next++));
      return true;
    }
  }
}
