package io.recommender.ann;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final String INTERNAL = "io.recommender.ann.internal";

  private final JavaClasses module =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.recommender.ann");

  @Test
  void publicSignaturesNameOnlyTheApiTheJdkAndPublicTypes() {
    Set<String> wrong = new TreeSet<>();
    Set<String> checked = new TreeSet<>();
    for (JavaClass type : module) {
      if (!isPublicApi(type) && !isInherited(type)) {
        continue;
      }
      checked.add(type.getSimpleName());
      Stream<JavaCodeUnit> signatures =
          type.getCodeUnits().stream().filter(unit -> isVisible(unit.getModifiers()));
      Stream<JavaClass> named =
          Stream.of(
                  signatures.flatMap(unit -> unit.getAllInvolvedRawTypes().stream()),
                  type.getFields().stream()
                      .filter(field -> isVisible(field.getModifiers()))
                      .flatMap(field -> field.getAllInvolvedRawTypes().stream()),
                  type.getRawInterfaces().stream(),
                  type.getRawSuperclass().stream().filter(parent -> !isInherited(parent)))
              .flatMap(types -> types);
      named
          .map(JavaClass::getBaseComponentType)
          .filter(used -> !isAllowed(used))
          .forEach(used -> wrong.add(type.getName() + " names " + used.getName()));
    }
    assertTrue(
        checked.containsAll(List.of("FlatIndex", "ItemKnnRecommender", "EventRecommender")),
        checked::toString);
    assertEquals(Set.of(), wrong);
  }

  @Test
  void onlyTheSimdKernelsKnowTheVectorApi() {
    JavaClass panama = module.get(INTERNAL + ".PanamaVectorKernels");
    assertTrue(
        panama.getDirectDependenciesFromSelf().stream()
            .anyMatch(
                dependency ->
                    dependency.getTargetClass().getPackageName().equals("jdk.incubator.vector")));
    noClasses()
        .that()
        .haveNameNotMatching(".*\\.internal\\.Panama[A-Za-z]*")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jdk.incubator.vector..")
        .check(module);
    noClasses()
        .that()
        .haveNameNotMatching(".*\\.internal\\.Panama[A-Za-z]*")
        .should()
        .dependOnClassesThat()
        .haveNameMatching(".*\\.internal\\.Panama[A-Za-z]*")
        .check(module);
  }

  @Test
  void noModelRuntimeAndNoNetwork() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("ai.onnxruntime..", "io.recommender.onnx..", "java.net..", "sun..")
        .check(module);
  }

  @Test
  void publicClassesAreFinalOrInternal() {
    classes()
        .that()
        .arePublic()
        .and()
        .resideOutsideOfPackage(INTERNAL)
        .and()
        .areNotInterfaces()
        .should()
        .haveModifier(JavaModifier.FINAL)
        .check(module);
  }

  private static boolean isPublicApi(JavaClass type) {
    return type.getModifiers().contains(JavaModifier.PUBLIC)
        && !type.getPackageName().equals(INTERNAL);
  }

  /** Whether public classes have their public methods from it, which users see as theirs. */
  private static boolean isInherited(JavaClass type) {
    return type.getAllSubclasses().stream()
        .anyMatch(
            child -> isPublicApi(child) && child.getPackageName().equals(type.getPackageName()));
  }

  private static boolean isVisible(Set<JavaModifier> modifiers) {
    return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
  }

  private static boolean isAllowed(JavaClass used) {
    String name = used.getPackageName();
    boolean isOurs = name.equals("io.recommender") || name.startsWith("io.recommender.");
    return used.isPrimitive()
        || name.startsWith("java.")
        || (isOurs && !name.equals(INTERNAL) && used.getModifiers().contains(JavaModifier.PUBLIC));
  }
}
