package io.recommender;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class GeoPositionTest {
  private static final double HALF_WAY = Math.PI * GeoPosition.EARTH_RADIUS;

  private static double kilometers(
      double latitude, double longitude, double otherLatitude, double otherLongitude) {
    return new GeoPosition(latitude, longitude)
        .kilometersTo(new GeoPosition(otherLatitude, otherLongitude));
  }

  @Test
  void distancesAreThoseOfGreatCircles() {
    assertEquals(0, kilometers(48.8566, 2.3522, 48.8566, 2.3522));
    assertEquals(HALF_WAY, kilometers(90, 0, -90, 0), 1e-9);
    assertEquals(HALF_WAY, kilometers(0, 0, 0, 180), 1e-9);
    assertEquals(HALF_WAY / 2, kilometers(90, 77, 0, -130), 1e-9);
    assertEquals(HALF_WAY / 180, kilometers(0, 10, 0, 11), 1e-9);
    // Paris to London, as tables of distances on a sphere have it.
    assertEquals(343.6, kilometers(48.8566, 2.3522, 51.5074, -0.1278), 0.1);
  }

  @Test
  void theDateLineAndThePolesAreNoBorders() {
    assertEquals(kilometers(10, 0, 10, 0.2), kilometers(10, 179.9, 10, -179.9), 1e-9);
    assertEquals(0, kilometers(-17, 180, -17, -180), 1e-9);
    assertEquals(0, kilometers(90, 0, 90, 135), 1e-9);
    assertEquals(2 * HALF_WAY / 180, kilometers(89, 0, 89, 180), 1e-9);
  }

  @Property
  void nearPlacesOfAnyLatitudeAreFoundAndFarOnesAreNot(
      @ForAll @DoubleRange(min = -90, max = 90) double latitude,
      @ForAll @DoubleRange(min = -180, max = 180) double longitude,
      @ForAll long seed) {
    GeoPosition here = new GeoPosition(latitude, longitude);
    Random random = new Random(seed);
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      double north = latitude + 0.2 * random.nextDouble() - 0.1;
      double east = longitude + 0.4 * random.nextDouble() - 0.2;
      double around = east > 180 ? east - 360 : east < -180 ? east + 360 : east;
      float[] place = {(float) Math.max(-90, Math.min(90, north)), (float) around};
      items.add(new Item("poi-" + i, Map.of("place", Feature.Tensor.vector(place))));
    }
    items.add(Item.of("nowhere"));
    Catalog catalog = Catalog.of(items);
    ItemFilter near = here.within(5, GeoPosition.of(catalog, "place"));
    for (Item item : items.subList(0, 50)) {
      Feature.Tensor place = (Feature.Tensor) item.features().get("place");
      assertEquals(
          chord(latitude, longitude, place.value(0), place.value(1)) <= 5,
          near.accepts(item.id()),
          item.id());
    }
    assertFalse(near.accepts("nowhere"));
    assertFalse(near.accepts("unknown"));
  }

  /** Returns the distance by way of points in space, which knows neither poles nor a date line. */
  private static double chord(double latitude, double longitude, double north, double east) {
    double[] a = point(latitude, longitude);
    double[] b = point(north, east);
    double squares = 0;
    for (int i = 0; i < 3; i++) {
      squares += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return 2 * GeoPosition.EARTH_RADIUS * Math.asin(Math.sqrt(squares) / 2);
  }

  private static double[] point(double latitude, double longitude) {
    double phi = Math.toRadians(latitude);
    double lambda = Math.toRadians(longitude);
    return new double[] {
      Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)
    };
  }

  @Test
  void whatIsNoPlaceIsRefused() {
    assertEquals(
        "latitude: expected -90 to 90 degrees, found 91.0",
        assertThrows(IllegalArgumentException.class, () -> new GeoPosition(91, 0)).getMessage());
    assertEquals(
        "longitude: expected -180 to 180 degrees, found -181.0",
        assertThrows(IllegalArgumentException.class, () -> new GeoPosition(0, -181)).getMessage());
    assertThrows(IllegalArgumentException.class, () -> new GeoPosition(Double.NaN, 0));
    GeoPosition here = new GeoPosition(1, 2);
    assertThrows(IllegalArgumentException.class, () -> here.within(-1, id -> Optional.empty()));
    assertThrows(
        IllegalArgumentException.class, () -> here.within(Double.NaN, id -> Optional.empty()));
    assertTrue(here.within(0, id -> Optional.of(here)).accepts("here"));
  }
}
