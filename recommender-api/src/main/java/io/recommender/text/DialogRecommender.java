package io.recommender.text;

import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.Turn;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Lets any recommender take part in a dialog: the items that the user named become the end of the
 * history, and what was recommended or named before is not recommended again.
 *
 * <pre>{@code
 * SequenceRecommender expert = new DialogRecommender(model, new ItemMentions(catalog, "title"));
 * }</pre>
 *
 * <p>The items of a turn of the user are those it lists, then those that its text names; each comes
 * once, where it came first, unless the history has it. The request is otherwise passed on as it
 * is, dialog included; without a dialog nothing is changed.
 *
 * <p><b>Thread safety.</b> As that of the recommender.
 *
 * <p><b>Lifetime.</b> Closing closes the recommender.
 */
public final class DialogRecommender implements SequenceRecommender {
  private final SequenceRecommender recommender;
  private final ItemMentions mentions;

  /**
   * Creates a recommender.
   *
   * @param recommender answers by the history; closed with this
   * @param mentions finds items in what the user says
   */
  public DialogRecommender(SequenceRecommender recommender, ItemMentions mentions) {
    this.recommender = Objects.requireNonNull(recommender, "recommender");
    this.mentions = Objects.requireNonNull(mentions, "mentions");
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    return recommender.recommend(asHistory(request));
  }

  @Override
  public List<Recommendations> recommendAll(List<RecommendationRequest> requests) {
    return recommender.recommendAll(requests.stream().map(this::asHistory).toList());
  }

  /**
   * Returns the request that the recommender gets.
   *
   * @param request a request with a dialog
   * @return the same with a longer history and a narrower filter
   */
  public RecommendationRequest asHistory(RecommendationRequest request) {
    if (request.dialog().isEmpty()) {
      return request;
    }
    Set<String> named = new LinkedHashSet<>();
    Set<String> shown = new HashSet<>();
    for (Turn turn : request.dialog()) {
      if (turn.role() == Turn.Role.USER) {
        named.addAll(turn.itemIds());
        named.addAll(mentions.find(turn.text()));
      } else {
        shown.addAll(turn.itemIds());
      }
    }
    shown.addAll(named);
    List<Interaction> interactions = new ArrayList<>(request.history().interactions());
    named.removeAll(new HashSet<>(request.history().itemIds()));
    named.forEach(itemId -> interactions.add(Interaction.of(itemId)));
    return request.toBuilder()
        .history(request.history().withInteractions(interactions))
        .filter(request.filter().and(ItemFilter.deny(shown)))
        .build();
  }

  @Override
  public void close() {
    recommender.close();
  }

  @Override
  public String toString() {
    return "DialogRecommender[%s]".formatted(recommender);
  }
}
