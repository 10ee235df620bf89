package io.acme.storage;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.StorageException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The samples on disk: segments {@code 00000001.log}, … that are append-only and independent, so
 * that retention just deletes the oldest. Every opening starts a new one. The README has the
 * format. Guarded by the storage's lock.
 */
final class SampleLog implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SampleLog.class);
  private static final int FRAME_HEAD_BYTES = 8;
  private static final int SERIES = 1;
  private static final int FLOAT = 2;
  private static final int HISTOGRAM = 3;

  /** Receives the samples that are read at opening. */
  interface Replay {
    /** Takes one sample; a histogram of null means a float. */
    void sample(
        Labels labels,
        long timeMs,
        long startTimeMs,
        double value,
        @Nullable NativeHistogram histogram);
  }

  private record Segment(Path file, long newestMs) {}

  private final Path folder;
  private final long segmentSpanMs;
  private final Deque<Segment> complete = new ArrayDeque<>();
  private final ByteArrayOutputStream frame = new ByteArrayOutputStream();
  private final DataOutputStream out = new DataOutputStream(frame);
  private final Map<Labels, Integer> idsInFrame = new HashMap<>();
  private final Map<Labels, Integer> ids = new HashMap<>(); // of the segment that is written
  private @Nullable FileChannel channel;
  private Path file;
  private long number;
  private long oldestMs = Long.MAX_VALUE; // of the segment that is written
  private long newestMs = Long.MIN_VALUE;

  /** Reads the existing segments; the next append starts a new one. */
  SampleLog(Path folder, long segmentSpanMs, Replay replay) {
    this.folder = folder;
    this.segmentSpanMs = segmentSpanMs;
    file = folder;
    try (Stream<Path> files = Files.list(Files.createDirectories(folder))) {
      for (Path f : files.filter(p -> p.toString().endsWith(".log")).sorted().toList()) {
        number = Long.parseLong(f.getFileName().toString().replace(".log", ""));
        complete.add(new Segment(f, read(f, replay)));
      }
    } catch (IOException e) {
      throw new StorageException.Failed(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }

  // ---- reading ---------------------------------------------------------------------------------

  /** Reads a segment up to its end, or to a frame that a crash left incomplete. */
  private static long read(Path file, Replay replay) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
    List<Labels> series = new ArrayList<>();
    long newest = Long.MIN_VALUE;
    while (bytes.remaining() > FRAME_HEAD_BYTES) {
      int start = bytes.position();
      int length = bytes.getInt();
      int sum = bytes.getInt();
      if (length < 0 || length > bytes.remaining()) {
        bytes.position(start);
        break;
      }
      CRC32C crc = new CRC32C();
      crc.update(bytes.array(), bytes.position(), length);
      if ((int) crc.getValue() != sum) {
        bytes.position(start);
        break;
      }
      newest = Math.max(newest, readFrame(bytes, length, series, replay));
    }
    if (bytes.hasRemaining()) {
      LOG.warn(
          "{}: the last {} bytes, from {} on, are incomplete and skipped",
          file,
          bytes.remaining(),
          bytes.position());
    }
    return newest;
  }

  private static long readFrame(ByteBuffer bytes, int length, List<Labels> series, Replay replay)
      throws IOException {
    DataInputStream in =
        new DataInputStream(new ByteArrayInputStream(bytes.array(), bytes.position(), length));
    bytes.position(bytes.position() + length);
    long newest = Long.MIN_VALUE;
    while (in.available() > 0) {
      int kind = in.read();
      if (kind == SERIES) {
        series.add(readLabels(in));
        continue;
      }
      Labels labels = series.get(in.readInt());
      long timeMs = in.readLong();
      long startTimeMs = in.readLong();
      newest = Math.max(newest, timeMs);
      if (kind == FLOAT) {
        replay.sample(labels, timeMs, startTimeMs, Double.longBitsToDouble(in.readLong()), null);
      } else {
        replay.sample(labels, timeMs, startTimeMs, 0, readHistogram(in));
      }
    }
    return newest;
  }

  private static Labels readLabels(DataInputStream in) throws IOException {
    String[] namesAndValues = new String[2 * in.readInt()];
    for (int i = 0; i < namesAndValues.length; i++) {
      namesAndValues[i] = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
    }
    return Labels.of(namesAndValues);
  }

  private static NativeHistogram readHistogram(DataInputStream in) throws IOException {
    return NativeHistogram.builder()
        .schema(in.readInt())
        .zeroBucket(readDouble(in), readDouble(in))
        .count(readDouble(in))
        .sum(readDouble(in))
        .positive(readInts(in), readDoubles(in))
        .negative(readInts(in), readDoubles(in))
        .customBounds(readDoubles(in))
        .resetHint(NativeHistogram.ResetHint.values()[in.read()])
        .build();
  }

  private static double readDouble(DataInputStream in) throws IOException {
    return Double.longBitsToDouble(in.readLong()); // readDouble does not preserve every NaN
  }

  private static int[] readInts(DataInputStream in) throws IOException {
    int[] all = new int[in.readInt()];
    for (int i = 0; i < all.length; i++) {
      all[i] = in.readInt();
    }
    return all;
  }

  private static double[] readDoubles(DataInputStream in) throws IOException {
    double[] all = new double[in.readInt()];
    for (int i = 0; i < all.length; i++) {
      all[i] = readDouble(in);
    }
    return all;
  }

  // ---- writing ---------------------------------------------------------------------------------

  /** Adds a sample to the frame that {@link #commit} writes. */
  void add(
      Labels labels,
      long timeMs,
      long startTimeMs,
      double value,
      @Nullable NativeHistogram histogram) {
    try {
      Integer id = ids.get(labels);
      if (id == null) {
        id = idsInFrame.get(labels);
      }
      if (id == null) {
        id = ids.size() + idsInFrame.size();
        idsInFrame.put(labels, id);
        out.write(SERIES);
        writeLabels(labels);
      }
      out.write(histogram == null ? FLOAT : HISTOGRAM);
      out.writeInt(id);
      out.writeLong(timeMs);
      out.writeLong(startTimeMs);
      if (histogram == null) {
        out.writeLong(Double.doubleToRawLongBits(value));
      } else {
        writeHistogram(histogram);
      }
      oldestMs = Math.min(oldestMs, timeMs);
      newestMs = Math.max(newestMs, timeMs);
    } catch (IOException e) {
      throw new IllegalStateException("an output stream in memory does not fail", e);
    }
  }

  private void writeLabels(Labels labels) throws IOException {
    out.writeInt(labels.size());
    for (int i = 0; i < labels.size(); i++) {
      writeText(labels.name(i));
      writeText(labels.value(i));
    }
  }

  private void writeText(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private void writeHistogram(NativeHistogram h) throws IOException {
    out.writeInt(h.schema());
    writeDouble(h.zeroThreshold());
    writeDouble(h.zeroCount());
    writeDouble(h.count());
    writeDouble(h.sum());
    writeInts(h.positiveSpans());
    writeDoubles(h.positiveBuckets());
    writeInts(h.negativeSpans());
    writeDoubles(h.negativeBuckets());
    writeDoubles(h.customBounds());
    out.write(h.resetHint().ordinal());
  }

  private void writeDouble(double value) throws IOException {
    out.writeLong(Double.doubleToRawLongBits(value));
  }

  private void writeInts(int[] all) throws IOException {
    out.writeInt(all.length);
    for (int i : all) {
      out.writeInt(i);
    }
  }

  private void writeDoubles(double[] all) throws IOException {
    out.writeInt(all.length);
    for (double d : all) {
      writeDouble(d);
    }
  }

  /**
   * Writes the samples added since the last time in one piece.
   *
   * @throws StorageException when they could not be written; none of them is on disk then
   */
  void commit() {
    if (frame.size() == 0) {
      return;
    }
    byte[] payload = frame.toByteArray();
    CRC32C crc = new CRC32C();
    crc.update(payload);
    ByteBuffer bytes = ByteBuffer.allocate(FRAME_HEAD_BYTES + payload.length);
    bytes.putInt(payload.length).putInt((int) crc.getValue()).put(payload).flip();
    try {
      FileChannel to = channel == null ? begin() : channel;
      long start = to.position();
      try {
        while (bytes.hasRemaining()) {
          to.write(bytes);
        }
      } catch (IOException e) {
        to.truncate(start);
        throw e;
      }
      ids.putAll(idsInFrame);
      if (newestMs - oldestMs >= segmentSpanMs) {
        end();
      }
    } catch (IOException e) {
      throw new StorageException.Failed(file + ": cannot be written: " + e.getMessage(), e);
    } finally {
      frame.reset();
      idsInFrame.clear();
    }
  }

  private FileChannel begin() throws IOException {
    file = folder.resolve(String.format(Locale.ROOT, "%08d.log", ++number));
    channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    return channel;
  }

  /** Closes the current segment; the next append starts another one. */
  private void end() throws IOException {
    if (channel != null) {
      channel.force(false);
      channel.close();
      channel = null;
      complete.add(new Segment(file, newestMs));
    }
    ids.clear();
    oldestMs = Long.MAX_VALUE;
    newestMs = Long.MIN_VALUE;
  }

  /** Deletes segments that have nothing but samples older than a time. */
  void trim(long keepFromMs) {
    try {
      while (!complete.isEmpty() && complete.getFirst().newestMs() < keepFromMs) {
        Files.deleteIfExists(complete.removeFirst().file());
      }
    } catch (IOException e) {
      LOG.warn("{}: old segments cannot be deleted: {}", folder, e.toString());
    }
  }

  /** Returns the size of all segments. */
  long bytes() {
    try (Stream<Path> files = Files.list(folder)) {
      long sum = 0;
      for (Path f : files.toList()) {
        sum += Files.size(f);
      }
      return sum;
    } catch (IOException e) {
      return 0; // deleted in the meantime
    }
  }

  @Override
  public void close() {
    try {
      end();
    } catch (IOException e) {
      throw new StorageException.Failed(file + ": cannot be closed: " + e.getMessage(), e);
    }
  }
}
