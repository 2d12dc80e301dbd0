package io.recommender.ann.internal;

import static io.recommender.ann.internal.SnapshotFixture.FORMAT;
import static io.recommender.ann.internal.SnapshotFixture.KIND;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Saves in a process of its own, which tells what it does by printing. */
final class SnapshotChild {
  static final int NUMBERS = 20_000;

  private static final int PARTS = 8;

  private SnapshotChild() {}

  /** Starts a child. What it says of errors goes to a file. */
  static Process start(Path errors, String task, Path file, String... more) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(SnapshotChild.class.getName(), task, file.toString()));
    command.addAll(List.of(more));
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
        .start();
  }

  public static void main(String[] args) throws IOException {
    Path file = Path.of(args[1]);
    switch (args[0]) {
      case "alternate" -> alternate(file);
      case "increment" -> increment(file, Integer.parseInt(args[2]));
      case "stall" -> stall(file);
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  /** Saves two contents in turns for ever and prints a byte at each step. */
  private static void alternate(Path file) {
    SnapshotRevision base = SnapshotFixture.revision(file);
    while (true) {
      long content = base.generation() % 2;
      say('s');
      base = SnapshotWriter.write(file, KIND, FORMAT, base, writer -> fill(writer, content));
    }
  }

  static void fill(SnapshotWriter writer, long content) {
    writer.section("content").putLong(content);
    SectionWriter section = writer.section("numbers");
    long[] numbers = new long[NUMBERS];
    Arrays.setAll(numbers, i -> content + i);
    for (int part = 0; part < PARTS; part++) {
      section.putLongs(numbers, part * NUMBERS / PARTS, NUMBERS / PARTS);
      say('p');
    }
  }

  /** Counts a number in the file up, again where another one was faster, and prints each save. */
  private static void increment(Path file, int times) {
    PrintStream out = System.out;
    for (int done = 0; done < times; ) {
      try (SnapshotReader reader = SnapshotFixture.open(file)) {
        long number = SnapshotFixture.readNumber(reader);
        SnapshotRevision saved = SnapshotFixture.saveNumber(file, reader.revision(), number + 1);
        out.println(saved.generation());
        done++;
      } catch (RecommenderException e) {
        if (e.kind() != Kind.SNAPSHOT_STALE) {
          throw e;
        }
      }
    }
  }

  /** Stops in the middle of a save until it is told to go on. */
  private static void stall(Path file) {
    SnapshotRevision base = SnapshotFixture.revision(file);
    SnapshotWriter.write(
        file,
        KIND,
        FORMAT,
        base,
        writer -> {
          SectionWriter section = writer.section("number");
          say(Files.exists(Path.of(file + SnapshotWriter.TEMPORARY)) ? 'y' : 'n');
          if (System.in.read() < 0) {
            throw new IOException("nobody is there");
          }
          section.putLong(2);
        });
  }

  private static void say(char step) {
    System.out.write(step);
    System.out.flush();
  }
}
