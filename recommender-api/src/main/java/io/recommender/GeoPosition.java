package io.recommender;

import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * A place on earth.
 *
 * <p>Distances are great circles on a sphere of {@value #EARTH_RADIUS} km, by the haversine formula
 * (Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984), which is exact to half a
 * percent for the real earth and precise for near places too.
 *
 * <p><b>Immutable</b>.
 *
 * @param latitude degrees north in WGS 84, from -90 to 90
 * @param longitude degrees east in WGS 84, from -180 to 180
 */
public record GeoPosition(double latitude, double longitude) {
  /** The mean radius of the earth in kilometres. */
  public static final double EARTH_RADIUS = 6371.0088;

  /**
   * Checks the ranges.
   *
   * @param latitude degrees north, from -90 to 90
   * @param longitude degrees east, from -180 to 180
   * @throws IllegalArgumentException if one is out of range
   */
  public GeoPosition {
    check("latitude", latitude, 90);
    check("longitude", longitude, 180);
  }

  private static void check(String name, double degrees, double most) {
    if (!(Math.abs(degrees) <= most)) {
      throw new IllegalArgumentException(
          "%s: expected -%.0f to %.0f degrees, found %s".formatted(name, most, most, degrees));
    }
  }

  /**
   * Returns where the items of a catalogue are.
   *
   * @param catalog the items
   * @param feature the name of a {@link Feature.Tensor} of two values, latitude and longitude
   * @return a function from the id of an item to its position, empty where the item is unknown or
   *     has no such feature; it throws IllegalArgumentException if one is out of range
   */
  public static Function<String, Optional<GeoPosition>> of(Catalog catalog, String feature) {
    Objects.requireNonNull(catalog, "catalog");
    Objects.requireNonNull(feature, "feature");
    return itemId ->
        catalog
            .find(itemId)
            .flatMap(
                item ->
                    item.features().get(feature) instanceof Feature.Tensor place
                            && place.size() == 2
                        ? Optional.of(new GeoPosition(place.value(0), place.value(1)))
                        : Optional.empty());
  }

  /**
   * Returns the distance to another place along the surface.
   *
   * @param other the other place
   * @return kilometres, at least 0
   */
  public double kilometersTo(GeoPosition other) {
    double fromLatitude = Math.toRadians(latitude);
    double toLatitude = Math.toRadians(other.latitude);
    double sinLatitude = Math.sin((toLatitude - fromLatitude) / 2);
    double sinLongitude = Math.sin(Math.toRadians(other.longitude - longitude) / 2);
    double haversine =
        sinLatitude * sinLatitude
            + Math.cos(fromLatitude) * Math.cos(toLatitude) * sinLongitude * sinLongitude;
    return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(Math.min(1, haversine)));
  }

  /**
   * Returns a filter that accepts what is near here.
   *
   * @param kilometers how far away an item may be, at least 0
   * @param positions where items are, such as {@link #of}; what is nowhere is not accepted
   * @return the filter
   * @throws IllegalArgumentException if the distance is negative or not a number
   */
  public ItemFilter within(double kilometers, Function<String, Optional<GeoPosition>> positions) {
    Objects.requireNonNull(positions, "positions");
    if (!(kilometers >= 0)) {
      throw new IllegalArgumentException("kilometers: expected at least 0, found " + kilometers);
    }
    return itemId ->
        positions.apply(itemId).filter(place -> kilometersTo(place) <= kilometers).isPresent();
  }
}
