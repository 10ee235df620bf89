package io.narthex.storage.tsdb.block;

import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a block says about itself. Kept in the index file; {@code meta.json} repeats it for people
 * and tools.
 *
 * @param minTimeMs inclusive
 * @param maxTimeMs exclusive
 * @param level compaction level from 1
 * @param outOfOrder whether it was made from samples that came out of order
 * @param sources ids of the level 1 blocks whose samples it holds
 * @param parents ids of the blocks it replaces
 */
public record BlockMeta(
    String id,
    long minTimeMs,
    long maxTimeMs,
    int level,
    boolean outOfOrder,
    long floatSamples,
    long histogramSamples,
    int series,
    long chunks,
    List<String> sources,
    List<String> parents) {
  private static final int MAX_IDS = 1 << 20;

  public BlockMeta {
    sources = List.copyOf(sources);
    parents = List.copyOf(parents);
  }

  public long samples() {
    return floatSamples + histogramSamples;
  }

  void write(ByteSink out) {
    out.text(id);
    out.zigzag(minTimeMs);
    out.zigzag(maxTimeMs);
    out.varint(level);
    out.u8(outOfOrder ? 1 : 0);
    out.varint(floatSamples);
    out.varint(histogramSamples);
    out.varint(series);
    out.varint(chunks);
    writeIds(sources, out);
    writeIds(parents, out);
  }

  private static void writeIds(List<String> ids, ByteSink out) {
    out.varint(ids.size());
    ids.forEach(out::text);
  }

  static BlockMeta read(ByteSource in) {
    return new BlockMeta(
        in.text(),
        in.zigzag(),
        in.zigzag(),
        in.count(Integer.MAX_VALUE),
        in.u8() != 0,
        in.varint(),
        in.varint(),
        in.count(Integer.MAX_VALUE),
        in.varint(),
        readIds(in),
        readIds(in));
  }

  private static List<String> readIds(ByteSource in) {
    int n = in.count(MAX_IDS);
    List<String> ids = new ArrayList<>(Math.min(n, 1000));
    for (int i = 0; i < n; i++) {
      ids.add(in.text());
    }
    return ids;
  }

  String toJson() {
    return String.format(
        Locale.ROOT,
        """
        {
          "ulid": "%s",
          "minTime": %d,
          "maxTime": %d,
          "stats": {"numSamples": %d, "numFloatSamples": %d, "numHistogramSamples": %d, \
        "numSeries": %d, "numChunks": %d},
          "compaction": {"level": %d, "sources": %s, "parents": %s, "hints": [%s]},
          "version": 1,
          "format": "narthex tsdb"
        }
        """,
        id,
        minTimeMs,
        maxTimeMs,
        samples(),
        floatSamples,
        histogramSamples,
        series,
        chunks,
        level,
        json(sources),
        json(parents),
        outOfOrder ? "\"from-out-of-order\"" : "");
  }

  private static String json(List<String> ids) {
    return ids.isEmpty() ? "[]" : "[\"" + String.join("\", \"", ids) + "\"]";
  }
}
