package io.narthex.storage.tsdb.wal;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Limits;

/**
 * Body of a record of series: ids and labels. What a series has in common with the one before it in
 * the record is not repeated, so that naming all series again in each segment costs a dozen bytes
 * each. Used by one thread at a time.
 *
 * <pre>
 * each series: zigzag id - id before - 1 (the first is compared with -1), varint labels, then
 * tokens until there are as many, c counting labels of the series before, names compared in order:
 *   u8 0 | n &lt;&lt; 2    the next n of them are labels of this series, too
 *   u8 1            the name of the next of them, then: text value
 *   u8 2            text name, text value
 *   u8 3 | n &lt;&lt; 2    the next n of them are not
 * </pre>
 */
public final class SharedLabels {
  /** Takes a series. */
  public interface Handler {
    void series(int id, Labels labels);
  }

  // kinds of tokens
  public static final int SAME = 0;
  public static final int VALUE = 1;
  public static final int LABEL = 2;
  static final int SKIP = 3;
  private static final int MAX_RUN = 63;

  private int lastId = -1;
  private Labels last = Labels.EMPTY;

  /** Starts a record. */
  public void begin() {
    lastId = -1;
    last = Labels.EMPTY;
  }

  public void write(int id, Labels labels, ByteSink out) {
    out.zigzag((long) id - lastId - 1);
    int n = labels.size();
    out.varint(n);
    int at = 0;
    int c = 0;
    while (at < n) {
      int same = 0;
      while (at < n && c < last.size() && same < MAX_RUN && isSame(labels, at, c)) {
        at++;
        c++;
        same++;
      }
      if (same > 0) {
        out.u8(SAME | same << 2);
        continue;
      }
      int skipped = 0;
      int order = order(labels, at, c);
      while (order > 0 && skipped < MAX_RUN) {
        skipped++;
        c++;
        order = order(labels, at, c);
      }
      if (skipped > 0) {
        out.u8(SKIP | skipped << 2);
        continue;
      }
      if (order == 0) {
        out.u8(VALUE);
        c++;
      } else {
        out.u8(LABEL);
        out.text(labels.name(at));
      }
      out.text(labels.value(at));
      at++;
    }
    lastId = id;
    last = labels;
  }

  private boolean isSame(Labels labels, int at, int c) {
    return labels.name(at).equals(last.name(c)) && labels.value(at).equals(last.value(c));
  }

  /** Compares the name of a label with that of one of the series before. */
  private int order(Labels labels, int at, int c) {
    return c == last.size() ? -1 : Labels.compareCodePoints(labels.name(at), last.name(c));
  }

  public void read(ByteSource in, Handler handler) {
    begin();
    while (in.remaining() > 0) {
      long id = lastId + 1 + in.zigzag();
      if (id < 0 || id >= Integer.MAX_VALUE) {
        throw new ByteSource.Malformed("id is " + id);
      }
      lastId = (int) id;
      last = readLabels(in, last);
      handler.series(lastId, last);
    }
  }

  /** Returns what a token stands for. */
  public static int kind(int token) {
    return token & 3;
  }

  /** Returns how many labels a token stands for. */
  public static int run(int token) {
    return token >>> 2;
  }

  /**
   * Reads the labels of a series.
   *
   * @param before those of the series before in the record
   */
  public static Labels readLabels(ByteSource in, Labels before) {
    String[] texts = new String[2 * in.count(Limits.LABELS)];
    int c = 0;
    int at = 0;
    while (at < texts.length) {
      int token = in.u8();
      int n = run(token);
      switch (kind(token)) {
        case SAME -> {
          need(before, c + n, texts.length - at, 2 * n);
          for (int i = 0; i < n; i++, c++) {
            texts[at++] = before.name(c);
            texts[at++] = before.value(c);
          }
        }
        case VALUE -> {
          need(before, c + 1, texts.length - at, 2);
          texts[at++] = before.name(c++);
          texts[at++] = in.text();
        }
        case LABEL -> {
          texts[at++] = in.text();
          texts[at++] = in.text();
        }
        default -> {
          need(before, c + n, 0, 0);
          c += n;
        }
      }
    }
    try {
      return Labels.of(texts);
    } catch (IllegalArgumentException e) {
      throw new ByteSource.Malformed(String.valueOf(e.getMessage()));
    }
  }

  private static void need(Labels before, int labels, int room, int wanted) {
    if (labels > before.size() || wanted > room) {
      throw new ByteSource.Malformed("refers to label " + labels + " of " + before.size());
    }
  }
}
