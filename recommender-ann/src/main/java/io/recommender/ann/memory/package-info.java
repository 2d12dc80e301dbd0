/**
 * What is learnt while serving: errors of a ranker, and values kept for each user.
 *
 * <ul>
 *   <li>{@link io.recommender.ann.memory.ErrorMemory} corrects predictions by the errors made
 *       lately for similar hidden vectors, and {@link
 *       io.recommender.ann.memory.CompensatingReranker} puts it behind a ranker;
 *   <li>{@link io.recommender.ann.memory.UserStore} keeps a value for each user within a number of
 *       bytes: vectors, {@link io.recommender.ann.memory.UserMemory memories} and {@link
 *       io.recommender.ann.memory.EntityCounts counts of entities}.
 * </ul>
 *
 * <p>All of them are {@linkplain io.recommender.FeedbackSink sinks}: they keep nothing of feedback
 * without consent, and forget a user when told to. They keep ids, numbers and vectors, never a
 * text.
 *
 * <pre>{@code
 * CompensatingReranker ranker =
 *     CompensatingReranker.of(model, ErrorMemory.of(model.hiddenSize(), model.tasks()));
 * RecommenderPipeline pipeline =
 *     RecommenderPipeline.named("home").source("model", source).reranker("ranker", ranker).build();
 * pipeline.observe(Feedback.of("sku-7").forUser("ann").label("click", 1));
 * pipeline.forget("ann");
 * }</pre>
 */
@NullMarked
package io.recommender.ann.memory;

import org.jspecify.annotations.NullMarked;
