/**
 * Runs exported ONNX models on CPU or GPU, from sealed bundles.
 *
 * <pre>{@code
 * try (OnnxSequenceRecommender recommender = RecommenderBundle.open(Path.of("bundles/shop"))) {
 *   Recommendations top = recommender.recommend(UserHistory.of("sku-1", "sku-7"));
 * }
 * }</pre>
 *
 * <p>What reads a history and scores items, or ends in a vector, computed or sampled by diffusion,
 * is opened so; one that ends in a vector needs an index.
 *
 * <p>A model that writes item codes, token by token, is opened for a decoder: {@link
 * io.recommender.onnx.OnnxGenerativeModel}.
 *
 * <p>A model that turns items into vectors, by their texts or features, is an {@link
 * io.recommender.onnx.OnnxItemEncoder}; {@link io.recommender.onnx.CatalogIndexer} puts a catalogue
 * into an index with it.
 *
 * <p>A model that scores candidates, one or several tasks at once, is an {@link
 * io.recommender.onnx.OnnxReranker}; {@link io.recommender.onnx.TreeShap} explains one of trees.
 *
 * <p>A model that reads a request and a candidate as a pair of texts is an {@link
 * io.recommender.onnx.OnnxCrossEncoder}, with which {@link io.recommender.onnx.HistoryDenoiser}
 * cleans histories; one that picks a list, each item knowing those before it, is an {@link
 * io.recommender.onnx.OnnxListReranker}.
 *
 * <p>The format of a bundle is described in {@code BUNDLE.md} of this module. No type of the model
 * runtime appears in a public signature, and no native handle ever leaves this package.
 */
@NullMarked
package io.recommender.onnx;

import org.jspecify.annotations.NullMarked;
