package io.narthex.push;

import java.util.Map;

/**
 * What a body has.
 *
 * @param families by name, each with at least one metric
 * @param timed whether a metric has a timestamp, which pushes must not have
 */
record PushedBody(Map<String, Family> families, boolean timed) {}
