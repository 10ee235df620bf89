package io.narthex.bench.hostile;

import java.util.List;
import java.util.function.IntFunction;

/**
 * A parser under attack.
 *
 * @param name as in the report and the option {@code --parser}
 * @param seeds inputs to begin with, good and bad ones
 * @param words tokens of the parser: keywords, delimiters, bombs
 * @param pairs opening and closing of a level, to be nested
 * @param growing well-formed inputs with so many of one kind of part
 * @param reader reads an input
 */
record Target(
    String name,
    List<byte[]> seeds,
    List<byte[]> words,
    List<Pair> pairs,
    List<IntFunction<byte[]>> growing,
    Reader reader) {
  /** Opening and closing around a part of an input, any number of times. */
  record Pair(String open, String close) {}

  /** Reads an input to its end. */
  @FunctionalInterface
  interface Reader {
    /**
     * Reads an input. A refusal with a message for users is a normal result.
     *
     * @throws Exception one that a user must never see
     */
    void read(byte[] input) throws Exception;
  }

  Target {
    seeds = List.copyOf(seeds);
    words = List.copyOf(words);
    pairs = List.copyOf(pairs);
    growing = List.copyOf(growing);
  }
}
