package io.recommender.onnx;

import ai.onnxruntime.OrtEnvironment;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.UserHistory;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.testing.FakeRecommender;
import java.nio.file.Path;
import java.util.List;

/** The program of {@link LostLibraryTest}: opens and asks where the runtime has no library. */
final class LostLibraryChild {
  private LostLibraryChild() {}

  /**
   * Tells what happens.
   *
   * @param arguments the bundle
   */
  public static void main(String[] arguments) {
    Path bundle = Path.of(arguments[0]);
    for (int i = 0; i < 2; i++) {
      try {
        RecommenderBundle.open(bundle).close();
        System.out.println("opened");
      } catch (RecommenderException e) {
        System.out.println("refused " + e.kind() + " " + e.getMessage());
      }
    }
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("home")
            .source(
                "model",
                request -> {
                  try (OnnxSequenceRecommender model = RecommenderBundle.open(bundle)) {
                    return model.recommend(request);
                  }
                })
            .source(
                "runtime",
                request -> {
                  // What code meets that calls the runtime itself: an error, not an exception.
                  String version = OrtEnvironment.getEnvironment().getVersion();
                  return Recommendations.of(request.k(), List.of()).modelVersion(version).build();
                })
            .fallback("popular", FakeRecommender.of("a", "b", "c"))
            .build()) {
      Recommendations answer =
          pipeline.recommend(RecommendationRequest.of(UserHistory.of("item-1")).k(2).build());
      System.out.println("answer " + answer.itemIds());
      for (Notice notice : answer.notices()) {
        System.out.println("notice " + notice.code() + " " + notice.message());
      }
    }
  }
}
