package io.recommender.examples.shop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the shop sells and who makes it: departments of brands and groups, groups of leaves. Read
 * from {@code taxonomy.txt}, which explains its lines.
 *
 * <p><b>Immutable</b>.
 */
record Taxonomy(List<Department> departments, List<Leaf> leaves) {
  private static final String RESOURCE = "taxonomy.txt";

  record Department(String name, double popularity, List<Brand> brands, List<Group> groups) {}

  /** A brand with its series from the basic to the premium one. */
  record Brand(String name, double priceLevel, List<String> series) {}

  /** Leaves that belong to one project of a shopper, in their usual order. */
  record Group(String name, List<Leaf> leaves) {}

  /** A category that holds products. {@code usedUpAfterDays} is 0 for what lasts. */
  record Leaf(
      int ordinal,
      int department,
      String path,
      double medianPrice,
      List<String> variants,
      int usedUpAfterDays,
      List<String> nouns) {

    boolean isConsumable() {
      return usedUpAfterDays > 0;
    }
  }

  static Taxonomy load() {
    try (InputStream stream = Taxonomy.class.getResourceAsStream(RESOURCE)) {
      if (stream == null) {
        throw new IllegalStateException("resource " + RESOURCE + " is not in the jar");
      }
      BufferedReader reader =
          new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
      return new Parser().parse(reader.lines().toList());
    } catch (IOException e) {
      throw new UncheckedIOException(RESOURCE, e);
    }
  }

  private static final class Parser {
    private final Map<String, List<String>> variants = new HashMap<>();
    private final List<Department> departments = new ArrayList<>();
    private final List<Leaf> leaves = new ArrayList<>();

    Taxonomy parse(List<String> lines) {
      for (int i = 0; i < lines.size(); i++) {
        String line = lines.get(i).strip();
        if (!line.isEmpty() && !line.startsWith("#")) {
          try {
            add(line.split("\\s*\\|\\s*"));
          } catch (RuntimeException e) {
            throw new IllegalStateException(
                "%s, line %d: %s".formatted(RESOURCE, i + 1, e.getMessage()), e);
          }
        }
      }
      return new Taxonomy(List.copyOf(departments), List.copyOf(leaves));
    }

    private void add(String[] fields) {
      switch (fields[0]) {
        case "variants" -> variants.put(fields[1], list(fields[2], ";"));
        case "department" ->
            departments.add(
                new Department(
                    fields[1],
                    Double.parseDouble(fields[2]),
                    new ArrayList<>(),
                    new ArrayList<>()));
        case "brand" ->
            department()
                .brands()
                .add(new Brand(fields[1], Double.parseDouble(fields[2]), list(fields[3], ",")));
        case "group" -> department().groups().add(new Group(fields[1], new ArrayList<>()));
        case "leaf" -> addLeaf(fields);
        default ->
            throw new IllegalArgumentException(
                "expected variants, department, brand, group or leaf, found " + fields[0]);
      }
    }

    private void addLeaf(String[] fields) {
      Group group = department().groups().get(department().groups().size() - 1);
      Leaf leaf =
          new Leaf(
              leaves.size(),
              departments.size() - 1,
              department().name() + " > " + group.name() + " > " + fields[1],
              Double.parseDouble(fields[2]),
              variants.get(fields[3]),
              fields[4].equals("-") ? 0 : Integer.parseInt(fields[4]),
              list(fields[5], ";"));
      group.leaves().add(leaf);
      leaves.add(leaf);
    }

    private Department department() {
      return departments.get(departments.size() - 1);
    }

    private static List<String> list(String field, String separator) {
      return Arrays.stream(field.split(separator)).map(String::strip).toList();
    }
  }
}
