package io.narthex.storage.tsdb.wal;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Limits;

/** WAL record of a new series: varint id, labels. */
public final class SeriesRecord {
  public static final int TYPE = 1;

  private SeriesRecord() {}

  public static void write(int id, Labels labels, ByteSink out) {
    out.varint(id);
    writeLabels(labels, out);
  }

  static void writeLabels(Labels labels, ByteSink out) {
    out.varint(labels.size());
    for (int i = 0; i < labels.size(); i++) {
      out.text(labels.name(i));
      out.text(labels.value(i));
    }
  }

  public static Labels readLabels(ByteSource in) {
    String[] texts = new String[2 * in.count(Limits.LABELS)];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = in.text();
    }
    return Labels.of(texts);
  }
}
