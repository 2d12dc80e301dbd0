package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.RecommenderException;
import io.recommender.onnx.PairTemplate.Example;
import io.recommender.onnx.TextTokenizer.Tokens;
import io.recommender.onnx.TokenLayout.Truncation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PairTemplateProperties {
  private static final PairTemplate TEMPLATE =
      new PairTemplate(tokens(0, 101), tokens(0, 102), tokens(1, 102), 0, 1);

  @TempDir Path folder;

  private static Tokens tokens(int type, long... ids) {
    return new Tokens(ids, LongStream.of(ids).map(id -> type).toArray(), false);
  }

  private static Tokens text(int from, int length) {
    return tokens(0, LongStream.range(from, from + length).toArray());
  }

  /** Cutting a token of the longer text after the other, of equal ones that which was longer. */
  private static int[] oneByOne(int first, int second, int most) {
    boolean firstWasLonger = first > second;
    int[] kept = {first, second};
    while (kept[0] + kept[1] > most) {
      int longer = kept[0] > kept[1] || (kept[0] == kept[1] && !firstWasLonger) ? 0 : 1;
      kept[longer]--;
    }
    return kept;
  }

  @Property(tries = 1000)
  void aPairKeepsTheBeginningsOfItsTexts(
      @ForAll @IntRange(max = 40) int first,
      @ForAll @IntRange(max = 40) int second,
      @ForAll @IntRange(min = 4, max = 50) int maxLength,
      @ForAll Truncation truncation) {
    int most = maxLength - 3;
    boolean fits = first + second <= most;
    int other = truncation == Truncation.ONLY_FIRST ? second : first;
    if (!fits && truncation != Truncation.LONGEST_FIRST && other >= most) {
      assertThrows(
          IllegalArgumentException.class,
          () -> TEMPLATE.join(text(1, first), text(60, second), truncation, maxLength));
      return;
    }
    int[] kept =
        fits
            ? new int[] {first, second}
            : switch (truncation) {
              case LONGEST_FIRST -> oneByOne(first, second, most);
              case ONLY_FIRST -> new int[] {most - second, second};
              case ONLY_SECOND -> new int[] {first, most - first};
            };
    Tokens joined = TEMPLATE.join(text(1, first), text(60, second), truncation, maxLength);
    long[] expected =
        LongStream.concat(
                LongStream.concat(
                    LongStream.of(101),
                    LongStream.concat(LongStream.range(1, 1 + kept[0]), LongStream.of(102))),
                LongStream.concat(LongStream.range(60, 60 + kept[1]), LongStream.of(102)))
            .toArray();
    assertArrayEquals(expected, joined.ids());
    for (int i = 0; i < expected.length; i++) {
      assertEquals(i < kept[0] + 2 ? 0 : 1, joined.types()[i]);
    }
    assertEquals(!fits, joined.truncated());
  }

  /** What a pair has around its texts is found even where it looks like a text. */
  @Property(tries = 500)
  void aTemplateIsFoundFromExamples(
      @ForAll @IntRange(max = 2) int before,
      @ForAll @IntRange(max = 2) int between,
      @ForAll @IntRange(max = 2) int after,
      @ForAll @IntRange(max = 1) int type) {
    PairTemplate template =
        new PairTemplate(text(1, before), text(1, between), text(1, after), 0, type);
    Tokens one = tokens(0, 1);
    Tokens two = tokens(0, 1, 1);
    Tokens three = tokens(0, 1, 1, 1);
    Optional<PairTemplate> found =
        PairTemplate.of(
            List.of(
                example(template, one, two),
                example(template, three, one),
                example(template, two, two)));
    Tokens first = text(7, 4);
    Tokens second = text(20, 3);
    // Where a special token is that of the texts, more than one place may explain it all.
    assertTrue(found.isPresent());
    assertEquals(
        before + between + after + 7,
        found.get().join(first, second, Truncation.LONGEST_FIRST, 99).length());
    assertEquals(before + between + after, found.get().added());
  }

  private static Example example(PairTemplate template, Tokens first, Tokens second) {
    return new Example(first, second, template.join(first, second, Truncation.LONGEST_FIRST, 99));
  }

  /** A tokenizer that drops every letter but one. */
  @Test
  void aTemplateIsFoundByTheLettersThatThereAre() throws IOException {
    String json =
        """
        {"added_tokens": [{"id": 0, "content": "<s>", "single_word": false, "lstrip": false,
           "rstrip": false, "normalized": false, "special": true}],
         "pre_tokenizer": {"type": "Whitespace"},
         "post_processor": {"type": "TemplateProcessing",
           "single": [{"Sequence": {"id": "A", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<s>", "type_id": 1}},
                    {"Sequence": {"id": "B", "type_id": 1}}],
           "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
         "model": {"type": "BPE", "vocab": {"<s>": 0, "\u05d0": 1}, "merges": []}}
        """;
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, json);
    try (JsonTokenizer tokenizer =
        JsonTokenizer.open(file, EncoderFixtures.layout(9, true, true))) {
      Tokens pair = tokenizer.encode("\u05d0 a \u05d0", "b \u05d0");
      assertArrayEquals(new long[] {1, 1, 0, 1}, pair.ids());
      assertArrayEquals(new long[] {0, 0, 1, 1}, pair.types());
    }
  }

  @Test
  void aTemplateThatHasATextTwiceIsRefused() throws IOException {
    ObjectNode json =
        (ObjectNode) FixtureJson.JSON.readTree(EncoderFixtures.resource("wordpiece.json"));
    ObjectNode processor = json.withObject("/post_processor");
    processor.withArray("/pair").addAll(processor.withArray("/single"));
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, json.toString());
    RecommenderException e =
        assertThrows(
            RecommenderException.class,
            () -> JsonTokenizer.open(file, EncoderFixtures.layout(12, true, true)));
    assertTrue(
        e.getMessage().contains("tokenizer.json: /post_processor: expected a template that has"),
        e.getMessage());
    JsonTokenizer.open(file, EncoderFixtures.layout(12, false, true)).close();
  }
}
