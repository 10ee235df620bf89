package io.narthex.bench.contact;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/** A kind of input, and what both programs make of it. */
interface Area {
  /** Returns what it is called in options and messages. */
  String name();

  /** Returns the names of the files of its inputs, without their suffix. */
  List<String> files();

  /**
   * Gives all inputs to one side.
   *
   * @return what came of each, by its id, in a form that is equal when the programs agree; called
   *     by one thread for each side
   */
  Map<String, String> outcomes(Side side, List<Input> inputs)
      throws IOException, InterruptedException;

  /** Returns a mutation in the form that inputs have. */
  default byte[] mutated(byte[] original, Mutator mutator) {
    return mutator.mutate(original);
  }
}
