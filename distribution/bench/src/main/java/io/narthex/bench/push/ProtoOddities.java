package io.narthex.bench.push;

import io.narthex.bench.WireBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Protobuf messages that no library sends. Names that the text format does not have are left out:
 * the original takes them and shows them under other names. Not thread-safe.
 */
final class ProtoOddities {
  private static final int GAUGE = 1;

  private final Dice dice;

  ProtoOddities(Dice dice) {
    this.dice = dice;
  }

  /** Returns messages with one more, or one of them spoilt. */
  List<byte[]> spoil(List<byte[]> messages) {
    List<byte[]> out = new ArrayList<>(messages);
    int at = dice.below(out.size());
    byte[] message = out.get(at);
    switch (dice.below(11)) {
      case 0 -> out.set(at, Arrays.copyOf(message, message.length - 1));
      case 1 -> out.set(at, joined(new byte[] {0x0f}, message));
      case 2 -> out.set(at, joined(message, bytes(unknownField())));
      case 3 -> out.add(at, joined(gauge("odd_type", "code", "200"), counterType()));
      case 4 -> out.add(at, new byte[0]);
      case 5 -> out.add(at, gauge("", "code", "200"));
      case 6 -> out.add(at, gauge("depth", "", "no name"));
      case 7 -> out.add(at, gauge("depth", "__name__", "reserved"));
      case 8 -> out.add(at, gauge("depth", "code", "200", "code", "500"));
      case 9 -> out.add(at, gauge("depth", "job", "one", "job", "two"));
      default -> out.add(at, lagWithQuantileLabel());
    }
    return out;
  }

  private static byte[] joined(byte[] first, byte[] second) {
    byte[] out = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, out, first.length, second.length);
    return out;
  }

  private static byte[] bytes(WireBuffer buffer) {
    return Arrays.copyOf(buffer.array(), buffer.size());
  }

  private static WireBuffer unknownField() {
    WireBuffer out = new WireBuffer(16);
    out.text(99, "later");
    return out;
  }

  /** The last one of a field that comes twice is taken, so this turns a gauge's family. */
  private static byte[] counterType() {
    WireBuffer out = new WireBuffer(16);
    out.number(3, Family.Kind.COUNTER.ordinal());
    return bytes(out);
  }

  private static byte[] gauge(String name, String... labels) {
    WireBuffer value = new WireBuffer(16);
    value.real(1, 3);
    WireBuffer metric = new WireBuffer(64);
    for (int i = 0; i < labels.length; i += 2) {
      metric.message(1, label(labels[i], labels[i + 1]));
    }
    metric.message(2, value);
    WireBuffer family = new WireBuffer(64);
    if (!name.isEmpty()) {
      family.text(1, name);
    }
    family.number(3, GAUGE);
    family.message(4, metric);
    return bytes(family);
  }

  private static WireBuffer label(String name, String value) {
    WireBuffer out = new WireBuffer(32);
    out.text(1, name);
    out.text(2, value);
    return out;
  }

  private static byte[] lagWithQuantileLabel() {
    WireBuffer metric = new WireBuffer(64);
    metric.message(1, label("quantile", "0.5"));
    metric.message(4, new WireBuffer(0));
    WireBuffer family = new WireBuffer(64);
    family.text(1, "lag");
    family.number(3, Family.Kind.SUMMARY.ordinal());
    family.message(4, metric);
    return bytes(family);
  }
}
