package io.recommender.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.SequenceRecommender;
import io.recommender.testing.FakeRecommender;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DoctorTest {
  private static final Diagnosis INDEX =
      Diagnosis.of("Index")
          .fact("items", 12_101)
          .bytes("memory", 3 << 20)
          .ratio("recall of 10", 0.9875)
          .fact("simd", true)
          .warning("too many \"empty\" places; rebuild it")
          .build();

  private static final Diagnosis MODEL =
      Diagnosis.of("Model").version("m@1").fact("device", "cpu").part(INDEX).build();

  @Test
  void theTextIsForPeople() {
    assertEquals(
        """
        Model  m@1
          device                    cpu
          Index
            items                   12,101
            memory                  3.0 MiB
            recall of 10            98.75 %
            simd                    yes

        1 warning:
          ! Index: too many "empty" places; rebuild it
        """,
        MODEL.toText());
    assertTrue(Diagnosis.of("x").build().toText().endsWith("No warnings.\n"));
  }

  @Test
  void theJsonIsForPrograms() {
    assertEquals(
        """
        {
          "component": "Model",
          "version": "m@1",
          "facts": {
            "device": "cpu"
          },
          "warnings": [],
          "parts": [
            {
              "component": "Index",
              "facts": {
                "items": 12101,
                "memoryBytes": 3145728,
                "recallOf10": 0.9875,
                "simd": true
              },
              "warnings": ["too many \\"empty\\" places; rebuild it"],
              "parts": []
            }
          ]
        }
        """,
        MODEL.toJson());
  }

  @Test
  void factsAndPartsAreFoundByName() {
    assertEquals(Optional.of(12_101L), MODEL.part("Index").orElseThrow().fact("items"));
    assertEquals(Optional.empty(), MODEL.part("none"));
    assertEquals(Optional.empty(), MODEL.fact("items"));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Diagnosis.Fact("x", List.of(), Diagnosis.Unit.NONE));
  }

  @Test
  void theProcessIsExaminedAndWhateverIsGiven() {
    Diagnosis all = Doctor.examine(3, (Diagnosable) sample -> MODEL, FakeRecommender.of("a"));
    Diagnosis process = all.part("process").orElseThrow();
    assertEquals(
        Optional.of((long) Runtime.getRuntime().availableProcessors()), process.fact("processors"));
    assertTrue((long) process.fact("heap now").orElseThrow() > 0);
    assertTrue(all.part("FakeRecommender").isPresent());
    assertEquals(Optional.of("cpu"), all.part("Model").orElseThrow().fact("device"));
    assertEquals(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty(),
        process.warnings().stream().anyMatch(warning -> warning.contains("--add-modules")));
  }

  @Test
  void whatServesTellsOfWhatItServes() {
    SwappableRecommender models =
        SwappableRecommender.builder("models").keepPrevious().open(() -> new Model("m@1"));
    models.swap(() -> new Model("m@2"));
    SequenceRecommender inside = BatchingRecommender.builder("home", models).build();
    try (Bulkhead bulkhead = new Bulkhead("bulkhead", 2, 3, java.time.Duration.ofSeconds(1))) {
      Diagnosis all = Doctor.examine(7, bulkhead.guard(inside), bulkhead);
      assertEquals("m@2", all.part("models").orElseThrow().version());
      assertEquals(Optional.of("m@1"), all.part("models").orElseThrow().fact("kept for rollback"));
      assertEquals(Optional.of(7L), all.part("Model").orElseThrow().fact("sample"));
      assertEquals(Optional.of(2L), all.part("bulkhead").orElseThrow().fact("calls allowed"));
      assertFalse(all.toText().isEmpty());
    }
  }

  private record Model(String version) implements SequenceRecommender, Diagnosable {
    @Override
    public io.recommender.Recommendations recommend(io.recommender.RecommendationRequest request) {
      return FakeRecommender.of("a").recommend(request);
    }

    @Override
    public Diagnosis diagnose(int sample) {
      return Diagnosis.of("Model").version(version).fact("sample", sample).build();
    }
  }
}
