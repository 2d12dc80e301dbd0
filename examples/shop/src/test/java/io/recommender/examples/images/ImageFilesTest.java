package io.recommender.examples.images;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.RecommenderBundle;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFilesTest {
  private static final Path MODALITIES =
      Path.of("../../recommender-onnx/src/test/resources/encoder/two-modalities");

  @TempDir Path folder;

  private static BufferedImage image(int type, int height, int width, int... pixels) {
    BufferedImage image = new BufferedImage(width, height, type);
    image.setRGB(0, 0, width, height, pixels, 0, width);
    return image;
  }

  private Path png(BufferedImage image) throws IOException {
    Path file = Files.createTempFile(folder, "image", ".png");
    assertTrue(ImageIO.write(image, "png", file.toFile()));
    return file;
  }

  @Test
  void pixelsAreChannelsThenRowsThenColumns() throws IOException {
    Path file =
        png(image(BufferedImage.TYPE_INT_RGB, 2, 2, 0xff0000, 0x00ff00, 0x0000ff, 0x336699));
    Feature.Tensor tensor = ImageFiles.read(file, 2, 2);
    assertArrayEquals(new int[] {3, 2, 2}, tensor.shape());
    float[] expected = {1, 0, 0, 0.2f, 0, 1, 0, 0.4f, 0, 0, 1, 0.6f};
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], tensor.value(i), 1e-6f);
    }
  }

  @Test
  void aLargerImageIsScaledAndCutAtBothSides() throws IOException {
    int[] pixels = new int[8 * 16];
    for (int i = 0; i < pixels.length; i++) {
      int column = i % 16;
      pixels[i] = column < 4 || column >= 12 ? 0xff0000 : 0x0000ff;
    }
    Feature.Tensor tensor =
        ImageFiles.read(png(image(BufferedImage.TYPE_INT_RGB, 8, 16, pixels)), 4, 4);
    for (int i = 0; i < 16; i++) {
      assertEquals(0, tensor.value(i), 1e-6f);
      assertEquals(1, tensor.value(32 + i), 1e-6f);
    }
  }

  @Test
  void aSmallerImageIsEnlargedAndWhatIsTransparentIsWhite() throws IOException {
    Feature.Tensor tensor =
        ImageFiles.read(png(image(BufferedImage.TYPE_INT_ARGB, 1, 1, 0x00000000)), 3, 5);
    assertArrayEquals(new int[] {3, 3, 5}, tensor.shape());
    for (int i = 0; i < tensor.size(); i++) {
      assertEquals(1, tensor.value(i), 1e-6f);
    }
  }

  /** From a file to the vector of an item: the bundle normalizes the pixels. */
  @Test
  void anEncoderReadsAFile() throws IOException {
    int[] pixels = new int[64];
    for (int i = 0; i < 64; i++) {
      pixels[i] = 0x040810 * (i % 8);
    }
    Feature.Tensor seen =
        ImageFiles.read(png(image(BufferedImage.TYPE_INT_RGB, 8, 8, pixels)), 4, 4);
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(MODALITIES)) {
      float[][] vectors =
          encoder.encode(List.of(new Item("shown", Map.of("image", seen)), Item.of("hidden")));
      double difference = 0;
      double length = 0;
      for (int i = 0; i < encoder.dimension(); i++) {
        difference += Math.abs(vectors[0][i] - vectors[1][i]);
        length += vectors[0][i] * vectors[0][i];
      }
      assertTrue(difference > 1e-2, "the image counts: " + difference);
      assertEquals(1, length, 1e-5);
    }
  }

  @Test
  void whatIsNoImageIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("note.png"), "no image");
    IOException e = assertThrows(IOException.class, () -> ImageFiles.read(file, 4, 4));
    assertTrue(e.getMessage().contains("note.png: expected an image"), e.getMessage());
    BufferedImage image = image(BufferedImage.TYPE_INT_RGB, 1, 1, 0);
    assertThrows(IllegalArgumentException.class, () -> ImageFiles.tensor(image, 0, 4));
  }
}
