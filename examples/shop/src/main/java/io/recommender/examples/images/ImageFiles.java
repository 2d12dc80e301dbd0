package io.recommender.examples.images;

import io.recommender.Feature;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * Reads files of images as tensors [3, height, width]: red, green and blue, row by row, each in [0,
 * 1]. The manifest of a bundle says by which mean and deviation they are normalized ({@code
 * normalization} of an input).
 *
 * <p>An image is scaled until it covers the wanted extents and cut evenly at both sides; what is
 * transparent is white.
 *
 * <p><b>Thread-safe</b>.
 */
public final class ImageFiles {
  private ImageFiles() {}

  /**
   * Reads a file.
   *
   * @param file a PNG, JPEG, GIF or BMP
   * @param height rows of the tensor, at least 1
   * @param width columns of the tensor, at least 1
   * @return the tensor [3, height, width]
   * @throws IOException if the file cannot be read or is no image
   */
  public static Feature.Tensor read(Path file, int height, int width) throws IOException {
    BufferedImage image = ImageIO.read(file.toFile());
    if (image == null) {
      throw new IOException(
          file + ": expected an image (PNG, JPEG, GIF or BMP), found another file");
    }
    return tensor(image, height, width);
  }

  /**
   * Makes a tensor of an image.
   *
   * @param image the image, not changed
   * @param height rows of the tensor, at least 1
   * @param width columns of the tensor, at least 1
   * @return the tensor [3, height, width]
   * @throws IllegalArgumentException if an extent is below 1
   */
  public static Feature.Tensor tensor(BufferedImage image, int height, int width) {
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "extents: expected at least 1 x 1, found %d x %d".formatted(height, width));
    }
    int[] pixels = covering(image, height, width).getRGB(0, 0, width, height, null, 0, width);
    float[] numbers = new float[3 * pixels.length];
    for (int channel = 0; channel < 3; channel++) {
      int shift = 16 - 8 * channel;
      for (int i = 0; i < pixels.length; i++) {
        numbers[channel * pixels.length + i] = (pixels[i] >> shift & 0xff) / 255f;
      }
    }
    return Feature.Tensor.of(numbers, 3, height, width);
  }

  /** Halves an image while it is more than twice too large, so that no pixel is passed over. */
  private static BufferedImage covering(BufferedImage image, int height, int width) {
    BufferedImage scaled = image;
    while (scaled.getHeight() >= 2 * height && scaled.getWidth() >= 2 * width) {
      scaled = drawn(scaled, scaled.getHeight() / 2, scaled.getWidth() / 2);
    }
    double scale =
        Math.max((double) height / scaled.getHeight(), (double) width / scaled.getWidth());
    int rows = Math.max(height, (int) Math.round(scaled.getHeight() * scale));
    int columns = Math.max(width, (int) Math.round(scaled.getWidth() * scale));
    return drawn(scaled, rows, columns)
        .getSubimage((columns - width) / 2, (rows - height) / 2, width, height);
  }

  private static BufferedImage drawn(BufferedImage image, int height, int width) {
    BufferedImage drawn = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = drawn.createGraphics();
    try {
      graphics.setRenderingHint(
          RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
      graphics.drawImage(image, 0, 0, width, height, Color.WHITE, null);
    } finally {
      graphics.dispose();
    }
    return drawn;
  }
}
