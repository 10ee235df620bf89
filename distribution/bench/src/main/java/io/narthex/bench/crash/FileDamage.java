package io.narthex.bench.crash;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Random;

/**
 * One damage to one file.
 *
 * @param from first byte of it
 * @param to behind the last one
 */
record FileDamage(Act act, Kind kind, Path file, long from, long to) {
  private static final int PAGE = 4096;

  /** What is done to a file. */
  enum Act {
    FLIP,
    CUT,
    ZERO_PAGE,
    MISSING
  }

  /** What a file is. */
  enum Kind {
    WAL,
    CHECKPOINT,
    HEAD_CHUNKS,
    INDEX,
    CHUNKS,
    TOMBSTONES,
    META,
    VERSION,
    OTHER;

    static Kind of(Path file) {
      String name = file.getFileName().toString();
      return switch (name) {
        case "index" -> INDEX;
        case "chunks" -> CHUNKS;
        case "tombstones" -> TOMBSTONES;
        case "meta.json" -> META;
        case "tsdb.version" -> VERSION;
        default -> ofHead(name);
      };
    }

    private static Kind ofHead(String name) {
      return switch (name.substring(name.lastIndexOf('.') + 1)) {
        case "wal" -> WAL;
        case "checkpoint" -> CHECKPOINT;
        case "chunks" -> HEAD_CHUNKS;
        default -> OTHER;
      };
    }

    boolean isOfBlock() {
      return this == INDEX || this == CHUNKS || this == TOMBSTONES || this == META;
    }
  }

  /** Damages a file at a random place. */
  static FileDamage make(Act act, Path file, Random random) throws IOException {
    long size = Files.size(file);
    long at = size == 0 ? 0 : random.nextLong(size);
    Kind kind = Kind.of(file);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      switch (act) {
        case FLIP -> {
          ByteBuffer one = ByteBuffer.allocate(1);
          channel.read(one, at);
          one.put(0, (byte) (one.get(0) ^ 1 << random.nextInt(8)));
          channel.write(one.rewind(), at);
          return new FileDamage(act, kind, file, at, at + 1);
        }
        case CUT -> {
          channel.truncate(at);
          return new FileDamage(act, kind, file, at, Long.MAX_VALUE);
        }
        case ZERO_PAGE -> {
          long from = at / PAGE * PAGE;
          long to = Math.min(size, from + PAGE);
          channel.write(ByteBuffer.allocate((int) (to - from)), from);
          return new FileDamage(act, kind, file, from, to);
        }
        case MISSING -> {
          Files.delete(file);
          return new FileDamage(act, kind, file, 0, Long.MAX_VALUE);
        }
        default -> throw new IllegalArgumentException("act " + act);
      }
    }
  }

  /** Returns the name of the block that the file is of. */
  String block() {
    Path folder = file.getParent();
    return folder == null ? "" : String.valueOf(folder.getFileName());
  }

  @Override
  public String toString() {
    String what = act.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    String name = kind.isOfBlock() ? block() + "/" + file.getFileName() : "" + file.getFileName();
    return what + " " + name + (act == Act.MISSING ? "" : " at byte " + from);
  }
}
