package io.narthex.exposition.family;

import java.util.Map;

/**
 * What a body has.
 *
 * @param families by name, each with at least one metric
 * @param timed whether a metric has a timestamp, which pushes must not have
 */
public record Families(Map<String, Family> families, boolean timed) {}
