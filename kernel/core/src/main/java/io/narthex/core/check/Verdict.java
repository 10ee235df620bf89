package io.narthex.core.check;

/**
 * How a check ended.
 *
 * @param status of the process: 0 good, 1 bad or not to be read, 3 readable with problems
 * @param text for the user
 */
public record Verdict(int status, String text) {}
