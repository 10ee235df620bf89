package io.narthex.core.check;

/**
 * How a check ended.
 *
 * @param status exit status of the process: 0 success, 1 failure, 3 problems found by the linter
 * @param text for the user
 */
public record Verdict(int status, String text) {}
