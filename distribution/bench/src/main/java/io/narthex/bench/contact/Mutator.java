package io.narthex.bench.contact;

import io.narthex.bench.push.Dice;
import io.narthex.bench.push.Mutations;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Makes new inputs of given ones, by a seed. Not thread-safe. */
final class Mutator {
  private static final int ATTEMPTS = 50;

  private final Dice dice;
  private final Mutations mutations;

  Mutator(long seed) {
    dice = new Dice(seed);
    mutations = new Mutations(dice);
  }

  /** Returns so many mutations of inputs of an area. */
  List<Input> inputs(Area area, List<Input> own, int count) {
    List<Input> out = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    own.forEach(input -> seen.add(input.kind() + input.text()));
    for (int n = 0; n < count && !own.isEmpty(); n++) {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        Input of = dice.pick(own);
        byte[] body = area.mutated(of.body(), this);
        if (seen.add(of.kind() + new String(body, StandardCharsets.UTF_8))) {
          out.add(new Input("gen-" + n, of.id(), of.kind(), body));
          break;
        }
      }
    }
    return out;
  }

  /** Returns a copy with a byte or a line changed. */
  byte[] mutate(byte[] body) {
    List<String> lines = new ArrayList<>(List.of(text(body).split("(?<=\n)", -1)));
    if (lines.size() > 2 && dice.percent(30)) {
      int at = dice.below(lines.size());
      String line = lines.get(at);
      switch (dice.below(3)) {
        case 0 -> lines.remove(at);
        case 1 -> lines.add(dice.below(lines.size()), line);
        default -> lines.set(at, dice.pick(" ", "\t", "  ", "#") + line);
      }
      return String.join("", lines).getBytes(StandardCharsets.ISO_8859_1);
    }
    return dice.percent(8) ? mutations.cut(body) : mutations.spoil(body);
  }

  /** Returns a copy with a change after the first {@code from} bytes. */
  byte[] mutateFrom(byte[] body, int from) {
    String text = text(body);
    return (text.substring(0, from)
            + text(mutate(text.substring(from).getBytes(StandardCharsets.ISO_8859_1))))
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String text(byte[] body) {
    return new String(body, StandardCharsets.ISO_8859_1);
  }
}
