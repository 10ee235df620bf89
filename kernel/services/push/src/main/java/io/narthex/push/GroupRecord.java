package io.narthex.push;

import io.narthex.exposition.ExpositionException;
import io.narthex.exposition.ProtobufBytes;
import io.narthex.exposition.ProtobufWire;
import io.narthex.exposition.ProtobufWire.Broken;
import io.narthex.exposition.family.SeriesLabels;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A change of a group as the file of pushes has it; format: {@code formats/pushes.md}. */
final class GroupRecord {
  // fields of a record
  private static final int NAME = 1;
  private static final int VALUE = 2;
  private static final int PUSHED = 3;
  private static final int FAILED = 4;
  private static final int TTL = 5;
  private static final int STAMP = 6;
  private static final int FAMILY = 7;
  private static final int DELETED = 8;

  private GroupRecord() {}

  /** A group as it is from now on; null when it has gone. */
  record Change(SeriesLabels key, @Nullable Group group) {}

  static ProtobufBytes write(Change change) {
    ProtobufBytes out = new ProtobufBytes();
    for (int i = 0; i < change.key().size(); i++) {
      out.text(NAME, change.key().name(i));
      out.text(VALUE, change.key().value(i));
    }
    Group g = change.group();
    if (g == null) {
      out.varint(DELETED, 1);
      return out;
    }
    out.varint(PUSHED, g.pushNanos());
    out.varint(FAILED, g.failureNanos());
    out.varint(TTL, g.ttlNanos());
    for (Group.Stamped s : g.families().values()) {
      out.varint(STAMP, s.nanos());
      MessageWriter family = MessageWriter.exact();
      family.add(s.family());
      out.message(FAMILY, family.bytes());
    }
    return out;
  }

  static Change read(byte[] b, int from, int to) throws ExpositionException {
    ProtobufWire wire = new ProtobufWire(b, from, to);
    SeriesLabels.Builder labels = new SeriesLabels.Builder();
    String name = "";
    long pushed = 0;
    long failed = 0;
    long ttl = 0;
    long stamp = 0;
    boolean deleted = false;
    Map<String, Group.Stamped> families = new LinkedHashMap<>();
    try {
      while (wire.next()) {
        switch (wire.field()) {
          case NAME -> name = text(wire);
          case VALUE -> labels.add(name, text(wire));
          case PUSHED -> pushed = wire.number();
          case FAILED -> failed = wire.number();
          case TTL -> ttl = wire.number();
          case STAMP -> stamp = wire.number();
          case FAMILY -> {
            int outer = wire.enter();
            int begin = wire.position();
            wire.leave(outer);
            long at = stamp;
            MessageReader.read(b, begin, wire.position())
                .families()
                .forEach((n, f) -> families.put(n, new Group.Stamped(f, at)));
          }
          case DELETED -> deleted = wire.number() != 0;
          default -> wire.skip();
        }
      }
    } catch (Broken e) {
      throw new ExpositionException(String.valueOf(e.getMessage()));
    }
    SeriesLabels key = labels.build();
    return new Change(
        key, deleted ? null : Group.empty(key).restored(families, pushed, failed, ttl));
  }

  private static String text(ProtobufWire wire) throws Broken {
    String text = wire.textOrNull();
    if (text == null) {
      throw new Broken("a label is not valid UTF-8");
    }
    return text;
  }
}
