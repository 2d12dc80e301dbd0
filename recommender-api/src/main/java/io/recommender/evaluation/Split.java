package io.recommender.evaluation;

import io.recommender.Interaction;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A data set cut into what a recommender may be fitted on and what it is asked about.
 *
 * <p>No test interaction is earlier than a training interaction of the same user. The interactions
 * of <em>other</em> users may be later: only {@link #byTime} keeps the future of everybody out of
 * the training.
 *
 * <p><b>Order.</b> Training and cases in the order of the users of the log.
 *
 * <p><b>Immutable</b>.
 */
public final class Split {
  private static final int SHORTEST = 3;

  private final String name;
  private final InteractionLog log;
  private final List<UserHistory> training;
  private final List<EvaluationCase> cases;
  private final int usersWithoutCase;

  private Split(
      String name, InteractionLog log, List<UserHistory> training, List<EvaluationCase> cases) {
    this.name = name;
    this.log = log;
    this.training = List.copyOf(training);
    this.cases = List.copyOf(cases);
    Set<Optional<String>> usersWithCase = new HashSet<>();
    this.cases.forEach(each -> usersWithCase.add(each.history().userId()));
    usersWithoutCase =
        (int) log.users().stream().filter(user -> !usersWithCase.contains(user.userId())).count();
  }

  /**
   * Asks for the last interaction of each user, as S3-Rec, SASRec and RecBole do: the last is the
   * test, the second last the validation, the rest is the training. The history of a case is all
   * but the last, so it includes the validation interaction.
   *
   * <p>Users with fewer than 3 interactions are training only and make no case; {@link
   * #usersWithoutCase()} counts them.
   *
   * @param log the data set
   * @return the split
   */
  public static Split leaveOneOut(InteractionLog log) {
    return leaveOneOut("leave-one-out", log, 1);
  }

  /**
   * Asks for the second last interaction of each user, to choose parameters by. The training is
   * that of {@link #leaveOneOut}, the history of a case is the training of its user.
   *
   * @param log the data set
   * @return the split
   */
  public static Split leaveOneOutValidation(InteractionLog log) {
    return leaveOneOut("leave-one-out validation", log, 2);
  }

  private static Split leaveOneOut(String name, InteractionLog log, int fromEnd) {
    List<UserHistory> training = new ArrayList<>(log.users().size());
    List<EvaluationCase> cases = new ArrayList<>(log.users().size());
    for (UserHistory user : log.users()) {
      int size = user.size();
      if (size < SHORTEST) {
        training.add(user);
        continue;
      }
      UserHistory trained = slice(user, 0, size - 2);
      training.add(trained);
      Interaction target = user.interactions().get(size - fromEnd);
      EvaluationCase evaluationCase =
          EvaluationCase.of(
                  slice(user, 0, size - fromEnd), Map.of(target.itemId(), Ratings.of(target)))
              .trainedOn(trained);
      cases.add(target.time().map(evaluationCase::at).orElse(evaluationCase));
    }
    return new Split(name, log, training, cases);
  }

  /**
   * Asks for everything from a moment on. Interactions before it are the training and the history;
   * those at it or later are the test, an item of several ratings counting with its highest.
   *
   * <p>A user with nothing before the moment makes a case with an empty history. A user with
   * nothing from it on makes no case; {@link #usersWithoutCase()} counts them.
   *
   * @param log the data set, with a time on every interaction
   * @param cutoff the moment
   * @return the split
   * @throws IllegalArgumentException if an interaction has no time
   */
  public static Split byTime(InteractionLog log, Instant cutoff) {
    Objects.requireNonNull(cutoff, "cutoff");
    List<UserHistory> training = new ArrayList<>(log.users().size());
    List<EvaluationCase> cases = new ArrayList<>();
    for (int u = 0; u < log.users().size(); u++) {
      UserHistory user = log.users().get(u);
      List<Interaction> before = new ArrayList<>();
      Map<String, Double> ratings = new LinkedHashMap<>();
      for (Interaction interaction : user.interactions()) {
        int index = u;
        Instant time =
            interaction
                .time()
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            "user %d: expected a time on every interaction, found none"
                                .formatted(index)));
        if (time.isBefore(cutoff)) {
          before.add(interaction);
        } else {
          ratings.merge(interaction.itemId(), Ratings.of(interaction), Math::max);
        }
      }
      UserHistory history = UserHistory.of(before).forUser(user.userId().orElseThrow());
      if (!history.isEmpty()) {
        training.add(history);
      }
      if (!ratings.isEmpty()) {
        cases.add(EvaluationCase.of(history, ratings).at(cutoff));
      }
    }
    return new Split("before and from " + cutoff, log, training, cases);
  }

  /**
   * Reads a split that someone else made: two tables without a header, {@code
   * user<TAB>item[<TAB>rating[<TAB>...]]}, each user's training lines oldest first. The users are
   * those of the training in order of appearance, then those that only the test has; every one of
   * them makes a case, one without test lines a case with nothing to find.
   *
   * @param train the training file, UTF-8
   * @param test the test file, UTF-8
   * @return the split, whose data hash is that of both files
   * @throws IOException if a file cannot be read or a line has fewer than two columns; the message
   *     names the file and the line
   */
  public static Split read(Path train, Path test) throws IOException {
    return GivenFiles.split(train, test);
  }

  /**
   * Returns a split made elsewhere.
   *
   * @param name what a report calls the split
   * @param log the data set it was made from
   * @param training what a recommender may be fitted on
   * @param cases the cases, in the order in which they are asked
   * @return the split
   */
  public static Split of(
      String name, InteractionLog log, List<UserHistory> training, List<EvaluationCase> cases) {
    Objects.requireNonNull(name, "name");
    return new Split(name, Objects.requireNonNull(log, "log"), training, cases);
  }

  /** {@return what a report calls the split} */
  public String name() {
    return name;
  }

  /** {@return the data set} */
  public InteractionLog log() {
    return log;
  }

  /** {@return what a recommender may be fitted on; unmodifiable} */
  public List<UserHistory> training() {
    return training;
  }

  /** {@return the cases; unmodifiable} */
  public List<EvaluationCase> cases() {
    return cases;
  }

  /** {@return how many users of the data set make no case} */
  public int usersWithoutCase() {
    return usersWithoutCase;
  }

  @Override
  public String toString() {
    return "Split[%s of %s, %d cases]".formatted(name, log.name(), cases.size());
  }

  private static UserHistory slice(UserHistory user, int from, int to) {
    return UserHistory.of(user.interactions().subList(from, to))
        .forUser(user.userId().orElseThrow());
  }
}
