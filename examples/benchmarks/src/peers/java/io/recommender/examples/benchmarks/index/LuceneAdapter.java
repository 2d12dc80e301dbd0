package io.recommender.examples.benchmarks.index;

import java.io.IOException;
import java.nio.file.Files;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.apache.lucene.codecs.Codec;
import org.apache.lucene.codecs.FilterCodec;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.codecs.perfield.PerFieldKnnVectorsFormat;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LogDocMergePolicy;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.util.FixedBitSet;
import org.apache.lucene.util.VectorUtil;
import org.apache.lucene.util.Version;
import org.jspecify.annotations.Nullable;

/**
 * Lucene with the vectors format of its default codec, one segment in mapped files, searched as
 * applications do: a query for the nearest ef documents, of which the best k are kept.
 *
 * <p>With one thread the graph grows while documents are added. With more, documents are added
 * without a graph, and the merge into one segment builds it with that many workers: Lucene's only
 * way to build one graph on several threads.
 */
final class LuceneAdapter implements IndexAdapter {
  private static final String VECTOR = "vector";
  private static final String ROW = "row";
  private static final double BUFFER_MEGABYTES = 1900;

  /** Read once, because Lucene logs it once. */
  private static final String ARITHMETIC = new VectorizationLog().text();

  private static final List<String> VECTOR_FILES = List.of(".vec", ".vex", ".vem", ".vemf");

  private final Parameters parameters;
  private final VectorSimilarityFunction similarity;
  private @Nullable Query accepted;
  private @Nullable Opened opened;

  private record Opened(
      Directory directory, DirectoryReader reader, IndexSearcher searcher, int[] rowOfDocument) {}

  LuceneAdapter(Parameters parameters) {
    this.parameters = parameters;
    similarity =
        switch (parameters.metric()) {
          case IP -> VectorSimilarityFunction.MAXIMUM_INNER_PRODUCT;
          case L2 -> VectorSimilarityFunction.EUCLIDEAN;
          case COSINE -> VectorSimilarityFunction.COSINE;
        };
  }

  @Override
  public String description() {
    return Version.LATEST + ", " + ARITHMETIC;
  }

  /** Collects what Lucene logs when it chooses its arithmetic, which it does not tell otherwise. */
  private static final class VectorizationLog extends Handler {
    private String message = "arithmetic unknown";

    String text() {
      Logger logger = Logger.getLogger("org.apache.lucene");
      logger.addHandler(this);
      VectorUtil.dotProduct(new float[1], new float[1]);
      logger.removeHandler(this);
      return message;
    }

    @Override
    public void publish(LogRecord entry) {
      if (entry.getLoggerName().contains("vectorization")) {
        message = entry.getMessage();
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  private Codec codec(int workers, @Nullable ExecutorService executor, int graphlessBelow) {
    KnnVectorsFormat format =
        new Lucene99HnswVectorsFormat(
            parameters.m(), parameters.efConstruction(), workers, executor, graphlessBelow);
    Codec current = Codec.getDefault();
    // Of the same name, so that the default codec reads what this one writes.
    return new FilterCodec(current.getName(), current) {
      @Override
      public KnnVectorsFormat knnVectorsFormat() {
        return new PerFieldKnnVectorsFormat() {
          @Override
          public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
            return format;
          }
        };
      }
    };
  }

  private static IndexWriterConfig configuration(Codec codec) {
    return new IndexWriterConfig()
        .setCodec(codec)
        .setRAMBufferSizeMB(BUFFER_MEGABYTES)
        .setMergePolicy(new LogDocMergePolicy())
        .setMergeScheduler(new SerialMergeScheduler())
        .setUseCompoundFile(false);
  }

  @Override
  public void build(float[][] base, int threads) throws IOException {
    Directory directory =
        new MMapDirectory(Files.createTempDirectory(parameters.scratch(), "lucene"));
    if (threads == 1) {
      try (IndexWriter writer = new IndexWriter(directory, configuration(codec(1, null, 0)))) {
        add(base, 0, base.length, writer);
        writer.forceMerge(1);
      }
    } else {
      Codec graphless = codec(1, null, Integer.MAX_VALUE);
      try (IndexWriter writer = new IndexWriter(directory, configuration(graphless))) {
        // Two segments, because a single one would not be merged.
        add(base, 0, base.length / 2, writer);
        writer.flush();
        add(base, base.length / 2, base.length, writer);
      }
      ExecutorService executor = Executors.newFixedThreadPool(threads);
      Codec parallel = codec(threads, executor, 0);
      try (IndexWriter writer = new IndexWriter(directory, configuration(parallel))) {
        writer.forceMerge(1);
      } finally {
        executor.shutdown();
      }
    }
    opened = open(directory);
  }

  private void add(float[][] base, int from, int to, IndexWriter writer) throws IOException {
    for (int row = from; row < to; row++) {
      Document document = new Document();
      document.add(new KnnFloatVectorField(VECTOR, base[row], similarity));
      document.add(new NumericDocValuesField(ROW, row));
      writer.addDocument(document);
    }
  }

  private static Opened open(Directory directory) throws IOException {
    DirectoryReader reader = DirectoryReader.open(directory);
    if (reader.leaves().size() != 1) {
      throw new IllegalStateException("expected one segment, found " + reader.leaves().size());
    }
    LeafReader segment = reader.leaves().get(0).reader();
    int[] rowOfDocument = new int[segment.maxDoc()];
    NumericDocValues rows = segment.getNumericDocValues(ROW);
    for (int document = 0; document < rowOfDocument.length; document++) {
      if (!rows.advanceExact(document)) {
        throw new IllegalStateException("document without a row: " + document);
      }
      rowOfDocument[document] = (int) rows.longValue();
    }
    return new Opened(directory, reader, new IndexSearcher(reader), rowOfDocument);
  }

  @Override
  public void filter(BitSet allowed) {
    int[] rowOfDocument = opened.rowOfDocument();
    FixedBitSet documents = new FixedBitSet(rowOfDocument.length);
    for (int document = 0; document < rowOfDocument.length; document++) {
      if (allowed.get(rowOfDocument[document])) {
        documents.set(document);
      }
    }
    accepted = new DocumentsQuery(documents);
  }

  @Override
  public void clearFilter() {
    accepted = null;
  }

  @Override
  public int search(float[] query, int k, int ef, int[] rows) throws IOException {
    Opened index = opened;
    Query nearest = new KnnFloatVectorQuery(VECTOR, query, Math.max(k, ef), accepted);
    TopDocs top = index.searcher().search(nearest, k);
    for (int i = 0; i < top.scoreDocs.length; i++) {
      rows[i] = index.rowOfDocument()[top.scoreDocs[i].doc];
    }
    return top.scoreDocs.length;
  }

  @Override
  public long offHeapBytes() throws IOException {
    Directory directory = opened.directory();
    long bytes = 0;
    for (String name : directory.listAll()) {
      if (VECTOR_FILES.stream().anyMatch(name::endsWith)) {
        bytes += directory.fileLength(name);
      }
    }
    return bytes;
  }

  @Override
  public void close() throws IOException {
    if (opened != null) {
      opened.reader().close();
      opened.directory().close();
      opened = null;
    }
  }
}
