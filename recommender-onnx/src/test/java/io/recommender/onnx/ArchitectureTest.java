package io.recommender.onnx;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a user can see of this module, and what it must not know. */
class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.recommender.onnx");

  @Test
  void publicSignaturesNameOnlyTheApiAndTheJdk() {
    List<String> leaks = new ArrayList<>();
    for (JavaClass type : CLASSES) {
      if (!type.getModifiers().contains(JavaModifier.PUBLIC)) {
        continue;
      }
      for (JavaCodeUnit unit : type.getCodeUnits()) {
        if (unit.getModifiers().contains(JavaModifier.PUBLIC)
            || unit.getModifiers().contains(JavaModifier.PROTECTED)) {
          Stream.concat(
                  unit.getParameterTypes().stream(),
                  Stream.concat(Stream.of(unit.getReturnType()), unit.getExceptionTypes().stream()))
              .flatMap(signature -> signature.getAllInvolvedRawTypes().stream())
              .map(JavaType::getName)
              .filter(name -> !allowed(name))
              .forEach(name -> leaks.add(unit.getFullName() + " names " + name));
        }
      }
    }
    assertEquals(List.of(), leaks);
  }

  private static boolean allowed(String name) {
    return !name.contains(".")
        || name.startsWith("java.")
        || (name.startsWith("io.recommender.")
            && CLASSES.stream()
                .filter(type -> type.getName().equals(name))
                .allMatch(type -> type.getModifiers().contains(JavaModifier.PUBLIC)));
  }

  @Test
  void theModuleKnowsNoIndexAndNoVectorApi() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.recommender.ann..", "jdk.incubator..", "java.net..")
        .check(CLASSES);
  }
}
