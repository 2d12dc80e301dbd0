package io.recommender.examples.shop;

import io.recommender.UserHistory;

/**
 * A shopper of the shop.
 *
 * <p><b>Immutable</b>.
 *
 * @param id such as {@code shopper-0042}
 * @param history all interactions of half a year, oldest first, each with time and behaviour
 */
public record Shopper(String id, UserHistory history) {}
