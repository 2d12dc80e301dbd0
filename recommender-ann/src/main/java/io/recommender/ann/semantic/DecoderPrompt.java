package io.recommender.ann.semantic;

import io.recommender.RecommendationRequest;
import io.recommender.spi.NextTokenScorer.Prompt;
import java.util.List;
import java.util.Optional;

/**
 * Writes what a model that generates codes is given to read. {@link PromptTemplate} is one for
 * histories of codes; a lambda can write any other, such as an instruction in words.
 *
 * <p><b>Thread safety.</b> Any number of threads may call at once.
 */
@FunctionalInterface
public interface DecoderPrompt {

  /**
   * Writes the prompt of a request.
   *
   * @param request the request
   * @param items those items of its history that are in the index, with their codes, oldest first
   * @return the prompt, or nothing if the model cannot say anything about this request, which is
   *     then for the fallback
   */
  Optional<Prompt> write(RecommendationRequest request, List<CodedItem> items);
}
