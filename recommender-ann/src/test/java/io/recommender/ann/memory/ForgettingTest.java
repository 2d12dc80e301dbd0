package io.recommender.ann.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.recommender.Catalog;
import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.UserHistory;
import io.recommender.ann.neighbors.SessionKnnRecommender;
import io.recommender.testing.FeedbackSinkContract;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Whatever is told the id of a user may keep something under it, and so has to forget it. */
class ForgettingTest {
  private static final Set<String> USER_PARAMETERS = Set.of("userId", "sessionId");

  /** Values that are handed out, in which a user's id is what the caller put there. */
  private static final Set<Class<?>> VALUES = Set.of(UserHistory.class, Feedback.class);

  /** What looks up a store it is given, which is a sink, and keeps nothing. */
  private static final Set<Class<?>> READERS = Set.of(QuerySuggester.class);

  @Test
  void everyPublicClassThatIsToldOfUsersIsASink() throws ClassNotFoundException {
    Set<String> told = new TreeSet<>();
    Set<String> wrong = new TreeSet<>();
    for (JavaClass type :
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.recommender")) {
      if (!type.getModifiers().contains(JavaModifier.PUBLIC)) {
        continue;
      }
      Class<?> reflected = Class.forName(type.getName(), false, getClass().getClassLoader());
      if (!VALUES.contains(reflected)
          && !READERS.contains(reflected)
          && Arrays.stream(reflected.getMethods()).anyMatch(ForgettingTest::isToldOfUsers)) {
        told.add(reflected.getSimpleName());
        if (!FeedbackSink.class.isAssignableFrom(reflected)) {
          wrong.add(reflected.getName());
        }
      }
    }
    assertEquals(Set.of(), wrong);
    assertTrue(
        told.containsAll(
            Set.of(
                "CompensatingReranker",
                "EaseRecommender",
                "ErrorMemory",
                "ItemKnnRecommender",
                "MarkovRecommender",
                "RecommenderPipeline",
                "SessionKnnRecommender",
                "UserStore")),
        told::toString);
  }

  private static boolean isToldOfUsers(Method method) {
    return !Modifier.isStatic(method.getModifiers())
        && Arrays.stream(method.getParameters())
            .map(Parameter::getName)
            .anyMatch(USER_PARAMETERS::contains);
  }

  @Nested
  class Sessions extends FeedbackSinkContract<SessionKnnRecommender> {
    private final Catalog catalog = Catalog.ofIds(List.of("a", "b", "c", "d"));

    @Override
    protected SessionKnnRecommender create() {
      return SessionKnnRecommender.fit(catalog, List.of(UserHistory.of("a", "b")));
    }

    @Override
    protected Feedback feedback(String userId) {
      return Feedback.of("c").forUser(userId).label("click", 1);
    }

    @Override
    protected Object trace(SessionKnnRecommender sink, String userId) {
      return sink + " " + sink.recommend(UserHistory.of("c")).items();
    }
  }
}
