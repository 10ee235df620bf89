package io.narthex.http;

import io.narthex.model.Exemplar;
import io.narthex.model.Label;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.model.go.GoFloat;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.LookupStorage;
import io.narthex.spi.storage.MetadataStorage;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SelectRequest.Hints;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.StorageException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Stores what write requests hold.
 *
 * <p><b>1.0.</b> Series with invalid labels are left out and counted, the rest of the request is
 * stored. A sample or histogram more than ten minutes ahead refuses the whole request before
 * anything is stored. Of samples that the storage refuses the first is named in a 400; the others
 * of that request are stored.
 *
 * <p><b>2.0.</b> Everything that can be stored is; if anything is refused, the response is 400 with
 * a line for each reason.
 *
 * <p>Series that the storage has forgotten, also because it was replaced, are resolved again within
 * the request. While a storage is replaced the response is 503, which senders retry.
 */
final class WriteStore {
  /**
   * The outcome of a request.
   *
   * @param reason label of the metric of refused requests; empty when everything was stored
   * @param text for the sender
   * @param samples float samples that were stored
   */
  record Outcome(
      int status, String reason, String text, int samples, int histograms, int exemplars) {
    static Outcome refused(int status, String reason, String text) {
      return new Outcome(status, reason, text, 0, 0, 0);
    }
  }

  /** Memory for a request. */
  interface Room {
    /** Takes memory that the request holds to its end; false when there is none. */
    boolean take(long bytes) throws InterruptedException;
  }

  private static final long FUTURE_MS = 600_000;

  /** How far back the newest sample of a series is looked for that an exemplar belongs to. */
  private static final long EXEMPLAR_BACK_MS = 3_600_000;

  private static final int MAX_TRIES = 3;

  /** Most rows that are appended at once: those of other senders wait for them. */
  static final int MAX_APPENDED = 8192;

  private static final long HEAP = Runtime.getRuntime().maxMemory();

  /**
   * Most samples, histograms and exemplars of one request; each takes about 100 bytes. A request as
   * large as this takes half a second on two slow cores; known senders send 10,000 at most.
   */
  private static final int MAX_ROWS = (int) Math.min(1 << 19, HEAP / 8 / 100);

  /**
   * Most labels of all series of a request that are not known yet: half a second, too; known
   * senders send 100,000 at most.
   */
  static final int MAX_NEW_LABELS = 1 << 18;

  /**
   * Most names of these labels. Each name has lists of its own in the storage, so that many new
   * ones cost ten times as much as many new values; known senders have some hundreds in all.
   */
  static final int MAX_NEW_NAMES = 1 << 14;

  /** Most reasons that a response names. */
  private static final int MAX_REASONS = 100;

  /** Most series of a request that have exemplars and no sample. */
  private static final int MAX_LONELY = 1000;

  /** Most series of a request of which samples that are out of order are looked for. */
  private static final int MAX_REPEATED = 5000;

  /** Rows that are looked for at once by a storage that finds them without a search. */
  private static final int LOOKED_AT_ONCE = 512;

  /** How long a request may look for samples that are stored: its sender waits. */
  private static final long LOOK_NANOS = 250_000_000;

  /** All requests together have a burst of this, and a twentieth of the time. */
  private static final long ALL_LOOK_NANOS = 2_000_000_000;

  private static final int LOOK_SHARE = 20;

  /** Most characters of an exemplar's labels. */
  private static final int MAX_EXEMPLAR_CHARACTERS = 128;

  /** Memory of the labels of a series that is not known yet, as a multiple of their bytes. */
  private static final int LABELS_FACTOR = 3;

  private static final int ROOM_STEP = 1 << 20;

  private final StorageGate storage;
  private final Clock clock;
  private final boolean startTimes;
  private final boolean zeros;
  private final WrittenMetadata metadata;
  private final TimeBudget looking = new TimeBudget(ALL_LOOK_NANOS, LOOK_SHARE, System::nanoTime);
  private final SeriesCache cache = new SeriesCache(HEAP / 16, System::nanoTime);
  private final AtomicLong epoch = new AtomicLong(); // of the storage that the cache belongs to
  private final Metrics.Counter invalidLabels;
  private final Metrics.Counter withoutMetadata;
  private final Metrics.Counter refused;

  WriteStore(
      StorageGate storage,
      ServerInfo server,
      Metrics metrics,
      WrittenMetadata metadata,
      Clock clock) {
    this.storage = storage;
    this.clock = clock;
    this.metadata = metadata;
    startTimes = server.feature("st-storage");
    zeros = server.feature("created-timestamp-zero-ingestion");
    invalidLabels =
        metrics.counter(
            "prometheus_api_remote_write_invalid_labels_samples_total",
            "The total number of received remote write samples and histogram samples which were rejected due to invalid labels.");
    withoutMetadata =
        metrics.counter(
            "prometheus_api_remote_write_without_metadata_appended_samples_total",
            "The total number of received remote write samples (and histogram samples) which were ingested without corresponding metadata.");
    refused =
        metrics.counter(
            "narthex_remote_write_refused_samples_total",
            "Samples, histograms and exemplars of remote write that were refused, by reason; a rise means that a sender loses data.",
            "reason");
  }

  /**
   * Stores a request.
   *
   * @param second whether it is a message of 2.0
   * @param columns empty ones; the caller clears them afterwards
   */
  Outcome store(byte[] message, int length, boolean second, Room room, WriteColumns columns)
      throws InterruptedException {
    long now = storage.epoch();
    if (epoch.getAndSet(now) != now) {
      cache.clear(); // what another storage knew of a series, this one does not
    }
    Request request =
        new Request(
            new WriteRequestReader(message, length, second, MAX_ROWS), second, room, columns);
    try {
      return request.store();
    } catch (WriteRequestReader.MalformedException e) {
      return Outcome.refused(400, "malformed", "proto: " + e.getMessage());
    } catch (Busy e) {
      return Outcome.refused(
          503, "busy", "too many remote write requests at once; send again later");
    } catch (StorageException.Closed e) {
      return Outcome.refused(503, "storage", e.getMessage() + "; send again later");
    }
  }

  /** Thrown when there is no memory for a request. */
  private static final class Busy extends RuntimeException {
    private static final long serialVersionUID = 1;

    Busy() {
      super("busy", null, false, false);
    }
  }

  /** Takes samples that are stored. */
  private interface Samples {
    void sample(long timeMs, double value, @Nullable NativeHistogram histogram);
  }

  /** An exemplar of a series of which the request has no sample, so far. */
  private record Lonely(int series, Exemplar exemplar) {}

  /** One request. */
  private final class Request implements WriteRequestReader.Consumer {
    private final WriteRequestReader reader;
    private final boolean second;
    private final Room room;
    private final long latest = clock.millis() + FUTURE_MS;
    private final SeriesCache.Found found = new SeriesCache.Found();
    private int future;
    private int unknownBytes; // of labels for which no memory has been taken
    private int newLabels;
    private final Set<String> newNames = new HashSet<>();

    private final WriteColumns columns;
    private final SampleBatch batch;
    private final List<Lonely> lonely = new ArrayList<>();

    private final List<String> reasons = new ArrayList<>();
    private int moreReasons;

    private long lookedNanos;
    private int samples;
    private int histograms;
    private int exemplars;

    Request(WriteRequestReader reader, boolean second, Room room, WriteColumns columns) {
      this.reader = reader;
      this.second = second;
      this.room = room;
      this.columns = columns;
      batch = columns.batch;
    }

    Outcome store() throws WriteRequestReader.MalformedException, InterruptedException {
      reader.read(this);
      if (!second && future > 0) {
        refused.with("future").add(future);
        return Outcome.refused(400, "future", "out of bounds: timestamp is too far in the future");
      }
      boolean keeps = // a message of 1.0 with metadata has nothing else
          batch.metadataCount() > 0 && storage.capability(MetadataStorage.class) != null;
      if (batch.size() + lonely.size() > 0 || keeps) {
        take(100L * batch.size());
        boolean holds = storage.tryHold(); // keeps references valid until the batch is appended
        try {
          Outcome retry = append();
          if (retry != null) {
            return retry;
          }
        } finally {
          if (holds) {
            storage.release();
          }
        }
      }
      return reasons.isEmpty()
          ? new Outcome(204, "", "", samples, histograms, exemplars)
          : new Outcome(400, "refused_samples", text(), samples, histograms, exemplars);
    }

    private void take(long bytes) throws InterruptedException {
      if (!room.take(bytes)) {
        throw new Busy();
      }
    }

    private String text() {
      return String.join("\n", reasons)
          + (moreReasons > 0 ? "\n" + moreReasons + " more were refused" : "");
    }

    /** Adds a reason: all of 2.0 are named, of 1.0 the first one. */
    private void reason(String text) {
      if (reasons.size() < (second ? MAX_REASONS : 1)) {
        reasons.add(text);
      } else {
        moreReasons += second ? 1 : 0;
      }
    }

    private boolean isReasonWanted() {
      return reasons.size() < (second ? MAX_REASONS : 1);
    }

    // ---- reading -----------------------------------------------------------------------------

    @Override
    public void metadata(MetricMetadata family) {
      metadata.put(family);
      batch.metadata(family);
    }

    @Override
    public void series(WriteRequestReader r) throws WriteRequestReader.MalformedException {
      int rows = r.samples() + r.histograms();
      if (rows == 0 && !second && r.exemplars().isEmpty()) {
        return;
      }
      cache.find(r.labelBytes(), r.labelsFrom(), r.labelsLength(), found);
      Labels set = null;
      if (found.ref == SeriesCache.NONE) {
        set = r.labels();
        if (set == null || set.metricName().isEmpty()) {
          invalid(r, rows);
          return;
        }
        unknown(set, r.labelsLength());
      }
      if (rows == 0 && r.exemplars().isEmpty()) {
        reason(
            "TimeSeries must contain at least one sample or histogram for series " + shown(r, set));
        return;
      }
      int hash = r.metadataHash();
      int number = columns.add(r, found.ref, set, hash);
      if (hash != 0 && hash != found.metadata) {
        keepMetadata(r, set, hash);
      }
      addRows(r, number, set);
      addExemplars(r, number, rows);
    }

    private void invalid(WriteRequestReader r, int rows)
        throws WriteRequestReader.MalformedException {
      invalidLabels.add(rows);
      refused.with("invalid_labels").add(rows);
      if (second) {
        reason(isReasonWanted() ? r.labelsProblem() : "");
      }
    }

    /** Takes memory for labels; those of 1.0 are no larger than the message. */
    private void unknown(Labels set, int bytes) throws WriteRequestReader.MalformedException {
      newLabels += set.size();
      for (int i = 0; i < set.size(); i++) {
        newNames.add(set.name(i));
      }
      if (newLabels > MAX_NEW_LABELS) {
        throw tooMany(MAX_NEW_LABELS + " labels");
      }
      if (newNames.size() > MAX_NEW_NAMES) {
        throw tooMany(MAX_NEW_NAMES + " names of labels");
      }
      unknownBytes += second ? bytes : 0;
      if (unknownBytes > ROOM_STEP) {
        try {
          take((long) LABELS_FACTOR * unknownBytes);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new Busy();
        }
        unknownBytes = 0;
      }
    }

    private static WriteRequestReader.MalformedException tooMany(String what) {
      return new WriteRequestReader.MalformedException(
          "the series of the request that are not known yet have more than "
              + what
              + "; send less at once");
    }

    private void keepMetadata(WriteRequestReader r, @Nullable Labels set, int hash)
        throws WriteRequestReader.MalformedException {
      Labels all = set == null ? r.labels() : set;
      MetricMetadata m = all == null ? null : r.metadata(all.metricName());
      if (m != null) {
        metadata(m);
      }
      if (set == null) {
        cache.put(r.labelBytes(), r.labelsFrom(), r.labelsLength(), found.ref, hash);
      }
    }

    private void addRows(WriteRequestReader r, int number, @Nullable Labels set)
        throws WriteRequestReader.MalformedException {
      for (int i = 0; i < r.samples(); i++) {
        if (r.timeMs(i) > latest) {
          ahead(r, set);
        } else if (second || future == 0) {
          start(batch.add(number, r.timeMs(i), r.value(i)), r.startMs(i));
        }
      }
      for (int i = 0; i < r.histograms(); i++) {
        NativeHistogram h = r.histogram(i);
        if (h == null) {
          refused.with("invalid_histogram").inc();
          reason(isReasonWanted() ? r.histogramProblem() + " for series " + shown(r, set) : "");
        } else if (r.histogramTimeMs(i) > latest) {
          ahead(r, set);
        } else if (second || future == 0) {
          start(batch.add(number, r.histogramTimeMs(i), h), r.histogramStartMs(i));
        }
      }
    }

    /** Notes when the series of a row began, if the sender says so. */
    private void start(int row, long startMs) {
      if (startMs <= 0) {
        return;
      }
      if (startTimes) {
        batch.startTime(row, startMs);
      }
      NativeHistogram h = batch.histogram(row);
      if (zeros && (h == null || h.resetHint() != NativeHistogram.ResetHint.GAUGE)) {
        batch.zeroAt(row, startMs);
      }
    }

    /** Counts a sample that is too far ahead. */
    private void ahead(WriteRequestReader r, @Nullable Labels set)
        throws WriteRequestReader.MalformedException {
      future++;
      if (second) {
        refused.with("future").inc();
        reason(
            isReasonWanted()
                ? "out of bounds: timestamp is too far in the future for series " + shown(r, set)
                : "");
      }
    }

    private void addExemplars(WriteRequestReader r, int number, int rows)
        throws WriteRequestReader.MalformedException {
      if (!r.exemplarProblem().isEmpty()) {
        refused.with("invalid_exemplar").inc();
        reason(
            isReasonWanted()
                ? "parsing exemplar for series "
                    + shown(r, columns.labels[number])
                    + ": "
                    + r.exemplarProblem()
                : "");
      }
      int last = batch.size() - 1;
      boolean hasRow = rows > 0 && last >= 0 && batch.ref(last) == number;
      for (Exemplar e : r.exemplars()) {
        if (e.timestampMs() > latest) {
          refused.with("future_exemplar").inc();
        } else if (characters(e.labels()) > MAX_EXEMPLAR_CHARACTERS) {
          refused.with("long_exemplar").inc();
        } else if (hasRow) {
          batch.exemplar(last, e);
        } else {
          lonely.add(new Lonely(number, e));
        }
      }
    }

    private static int characters(Labels labels) {
      int n = 0;
      for (int i = 0; i < labels.size() && n <= MAX_EXEMPLAR_CHARACTERS; i++) {
        String name = labels.name(i);
        String value = labels.value(i);
        n += name.codePointCount(0, name.length()) + value.codePointCount(0, value.length());
      }
      return n;
    }

    private String shown(WriteRequestReader r, @Nullable Labels set)
        throws WriteRequestReader.MalformedException {
      return String.valueOf(set == null ? r.labels() : set);
    }

    // ---- appending ---------------------------------------------------------------------------

    /** Returns the labels of a series, which are read again when its reference was known. */
    private Labels labels(int number) throws WriteRequestReader.MalformedException {
      Labels set = columns.labels[number];
      if (set == null) {
        reader.again(columns.from[number], columns.to[number]);
        set = reader.labels();
        if (set == null) {
          throw new IllegalStateException("labels that were in the cache are invalid");
        }
        columns.labels[number] = set;
      }
      return set;
    }

    private void resolve(int number) throws WriteRequestReader.MalformedException {
      Labels set = labels(number);
      columns.refs[number] = storage.resolve(set);
      reader.again(columns.from[number], columns.to[number]);
      cache.put(
          reader.labelBytes(),
          reader.labelsFrom(),
          reader.labelsLength(),
          columns.refs[number],
          columns.hashes[number]);
    }

    /** Appends all rows. Null when that is done. */
    private @Nullable Outcome append() throws WriteRequestReader.MalformedException {
      for (int number = 0; number < columns.count; number++) {
        if (columns.refs[number] == SeriesCache.NONE) {
          resolve(number);
        }
      }
      int[] rows = new int[batch.size() + lonely.size()]; // number of the series of each row
      for (int row = 0; row < batch.size(); row++) {
        rows[row] = (int) batch.ref(row);
      }
      int own = batch.size(); // rows after these only carry exemplars
      carry(rows);
      int from = 0;
      for (SampleBatch part : parts()) {
        int to = from + part.size();
        int ownOfPart = Math.clamp(own - from, 0, part.size());
        Outcome retry = append(part, Arrays.copyOfRange(rows, from, to), ownOfPart);
        if (retry != null) {
          return retry;
        }
        from = to;
      }
      return null;
    }

    /** Returns the rows in batches that are appended one after the other. */
    private List<SampleBatch> parts() {
      if (batch.size() <= MAX_APPENDED) {
        return List.of(batch);
      }
      List<SampleBatch> parts = new ArrayList<>();
      for (int row = 0; row < batch.size(); row++) {
        if (row % MAX_APPENDED == 0) {
          parts.add(new SampleBatch(Math.min(MAX_APPENDED, batch.size() - row)));
        }
        copy(batch, row, parts.getLast());
      }
      for (int i = 0; i < batch.exemplarCount(); i++) {
        int row = batch.exemplarRow(i);
        parts.get(row / MAX_APPENDED).exemplar(row % MAX_APPENDED, batch.exemplar(i));
      }
      for (int i = 0; i < batch.metadataCount(); i++) {
        parts.getFirst().metadata(batch.metadata(i));
      }
      return parts;
    }

    /** Copies a row without its reference and its exemplars; returns the row it becomes. */
    private static int copy(SampleBatch of, int row, SampleBatch into) {
      NativeHistogram h = of.histogram(row);
      int copied =
          h == null ? into.add(0, of.timeMs(row), of.value(row)) : into.add(0, of.timeMs(row), h);
      if (of.startTimeMs(row) != SampleBatch.NO_START_TIME) {
        into.startTime(copied, of.startTimeMs(row));
      }
      if (of.zeroMs(row) != SampleBatch.NO_START_TIME) {
        into.zeroAt(copied, of.zeroMs(row));
      }
      return copied;
    }

    /**
     * Appends rows; again for series that the storage no longer knows. Null when that is done.
     *
     * @param numbers of the series of the rows
     * @param ownRows those after them only carry exemplars
     */
    private @Nullable Outcome append(SampleBatch part, int[] numbers, int ownRows)
        throws WriteRequestReader.MalformedException {
      SampleBatch now = part;
      int[] rows = numbers;
      int own = ownRows;
      for (int attempt = 0; attempt < MAX_TRIES; attempt++) {
        for (int row = 0; row < now.size(); row++) {
          now.ref(row, columns.refs[rows[row]]);
        }
        AppendResult result = storage.append(now);
        if (result.count(AppendResult.NO_ROOM) > 0) {
          return Outcome.refused(
              503, "no_room", "too many out of order samples wait to be written; send again later");
        }
        int unknown = result.count(AppendResult.UNKNOWN_SERIES);
        count(result, now, rows, own);
        if (unknown == 0) {
          return null;
        }
        int[] left = new int[unknown];
        int ownLeft = 0;
        for (int row = 0; row < own; row++) {
          ownLeft += result.code(row) == AppendResult.UNKNOWN_SERIES ? 1 : 0;
        }
        now = unknown(now, rows, result, left);
        rows = left;
        own = ownLeft;
        int last = -1;
        for (int row = 0; row < rows.length; row++) {
          if (rows[row] != last) {
            last = rows[row];
            resolve(last);
          }
        }
      }
      return Outcome.refused(503, "storage", "the storage is being replaced; send again later");
    }

    /**
     * Attaches exemplars without a sample: to a sample of the same series in this request, which
     * senders have in a message of its own, else to the newest sample that is stored, which is
     * accepted again without any effect.
     */
    private void carry(int[] rows) throws WriteRequestReader.MalformedException {
      if (lonely.isEmpty()) {
        return;
      }
      Map<Long, Integer> carriers = new HashMap<>();
      for (Lonely one : lonely) {
        carriers.put(columns.refs[one.series()], -1);
      }
      for (int row = 0; row < batch.size(); row++) {
        carriers.replace(columns.refs[rows[row]], row);
      }
      int looked = 0;
      for (Lonely one : lonely) {
        long ref = columns.refs[one.series()];
        int row = carriers.getOrDefault(ref, -1);
        if (row == -1 && looked++ < MAX_LONELY && !isLookedEnough()) {
          row = newest(one.series());
          if (row >= 0) {
            rows[row] = one.series();
          } else {
            row = -2;
          }
          carriers.put(ref, row);
        }
        if (row >= 0) {
          batch.exemplar(row, one.exemplar());
        } else {
          refused.with("exemplar_without_sample").inc();
          if (second) {
            reason(
                isReasonWanted()
                    ? "TimeSeries must contain at least one sample or histogram for series "
                        + labels(one.series())
                    : "");
          }
        }
      }
    }

    /**
     * Adds the newest sample of a series to the batch and returns its row, or a negative number.
     */
    private int newest(int number) throws WriteRequestReader.MalformedException {
      SampleTile newest = new SampleTile(1);
      read(
          number,
          latest - FUTURE_MS - EXEMPLAR_BACK_MS,
          latest,
          Hints.NEWEST,
          (time, value, histogram) -> {
            newest.size = 1;
            newest.timesMs[0] = time;
            newest.values[0] = value;
            newest.kind = SampleTile.Kind.FLOAT;
            if (histogram != null) {
              newest.kind = SampleTile.Kind.HISTOGRAM;
              newest.histograms[0] = histogram;
            }
          });
      if (newest.size == 0) {
        return -1;
      }
      return newest.kind == SampleTile.Kind.FLOAT
          ? batch.add(0, newest.timesMs[0], newest.values[0])
          : batch.add(0, newest.timesMs[0], newest.histograms[0]);
    }

    /** Returns whether the request has looked for stored samples as long as it may. */
    private boolean isLookedEnough() {
      return lookedNanos > LOOK_NANOS || !looking.isLeft();
    }

    /** Reads the samples of a series in order of time. */
    private void read(int number, long fromMs, long toMs, String function, Samples into)
        throws WriteRequestReader.MalformedException {
      Labels set = labels(number);
      List<Matcher> matchers = new ArrayList<>();
      for (Label l : set) {
        matchers.add(Matcher.equal(l.name(), l.value()));
      }
      SelectRequest request =
          new SelectRequest(matchers, fromMs, toMs, new Hints(function, 0, 0, false));
      long began = System.nanoTime();
      try (SeriesCursor cursor = storage.select(request)) {
        SampleTile tile = new SampleTile(256);
        while (cursor.nextSeries()) {
          if (!cursor.labels().equals(set)) {
            continue; // it has more labels
          }
          while (cursor.nextTile(tile)) {
            for (int i = 0; i < tile.size; i++) {
              into.sample(
                  tile.timesMs[i],
                  tile.values[i],
                  tile.kind == SampleTile.Kind.HISTOGRAM ? tile.histograms[i] : null);
            }
          }
          break;
        }
      }
      looked(began);
    }

    private void looked(long beganNanos) {
      long nanos = System.nanoTime() - beganNanos;
      lookedNanos += nanos;
      looking.spend(nanos);
    }

    /**
     * Returns the rows that are out of order because they are there already: a sender repeats a
     * request when it got no answer, though all of it may have been stored.
     */
    private BitSet stored(AppendResult result, SampleBatch of, int[] rows, int own)
        throws WriteRequestReader.MalformedException {
      BitSet there = new BitSet();
      if (result.count(AppendResult.OUT_OF_ORDER) + result.count(AppendResult.TOO_OLD) == 0) {
        return there;
      }
      BitSet behind = new BitSet(); // rows that may be there
      for (int row = 0; row < own; row++) {
        byte code = result.code(row);
        behind.set(row, code == AppendResult.OUT_OF_ORDER || code == AppendResult.TOO_OLD);
      }
      lookUp(of, behind, there);
      behind.andNot(there);
      long began = System.nanoTime();
      Map<Long, Map<Long, Integer>> late = new HashMap<>(); // row by reference and time
      for (int row = behind.nextSetBit(0); row >= 0; row = behind.nextSetBit(row + 1)) {
        if (late.size() < MAX_REPEATED || late.containsKey(of.ref(row))) {
          late.computeIfAbsent(of.ref(row), _ -> new HashMap<>()).put(of.timeMs(row), row);
        }
      }
      looked(began);
      for (Map<Long, Integer> times : late.values()) {
        if (isLookedEnough()) {
          break;
        }
        began = System.nanoTime();
        int number = rows[times.values().iterator().next()];
        long first = Collections.min(times.keySet());
        long last = Collections.max(times.keySet());
        looked(began);
        read(
            number,
            first,
            last,
            "",
            (time, value, histogram) -> {
              Integer row = times.get(time);
              if (row != null && isSame(of, row, value, histogram)) {
                there.set(row);
              }
            });
      }
      return there;
    }

    /** Notes rows that the storage finds without a search: those of the last minutes or hours. */
    private void lookUp(SampleBatch of, BitSet rows, BitSet there) {
      LookupStorage quick = storage.capability(LookupStorage.class);
      if (quick == null) {
        return;
      }
      int row = rows.nextSetBit(0);
      while (row >= 0 && !isLookedEnough()) {
        BitSet some = new BitSet();
        for (int i = 0; i < LOOKED_AT_ONCE && row >= 0; i++) {
          some.set(row);
          row = rows.nextSetBit(row + 1);
        }
        long began = System.nanoTime();
        there.or(quick.stored(of, some));
        looked(began);
      }
    }

    private static boolean isSame(
        SampleBatch of, int row, double value, @Nullable NativeHistogram histogram) {
      NativeHistogram sent = of.histogram(row);
      return histogram == null
          ? sent == null
              && Double.doubleToRawLongBits(value) == Double.doubleToRawLongBits(of.value(row))
          : histogram.equals(sent);
    }

    private SampleBatch unknown(SampleBatch of, int[] rows, AppendResult result, int[] left) {
      SampleBatch again = new SampleBatch(left.length);
      int[] moved = new int[rows.length];
      for (int row = 0; row < of.size(); row++) {
        moved[row] = -1;
        if (result.code(row) == AppendResult.UNKNOWN_SERIES) {
          left[again.size()] = rows[row];
          moved[row] = copy(of, row, again);
        }
      }
      for (int i = 0; i < of.exemplarCount(); i++) {
        int row = moved[of.exemplarRow(i)];
        if (row >= 0) {
          again.exemplar(row, of.exemplar(i));
        }
      }
      return again;
    }

    /** Counts what was stored and what was refused. */
    private void count(AppendResult result, SampleBatch of, int[] rows, int own)
        throws WriteRequestReader.MalformedException {
      int bare = 0;
      int[] refusals = new int[Byte.MAX_VALUE + 1]; // by code
      BitSet there = stored(result, of, rows, own);
      for (int row = 0; row < own; row++) {
        byte code = there.get(row) ? AppendResult.OK : result.code(row);
        if (code == AppendResult.OK) {
          if (of.histogram(row) == null) {
            samples++;
          } else {
            histograms++;
          }
          bare += columns.hashes[rows[row]] == 0 ? 1 : 0;
        } else if (code != AppendResult.UNKNOWN_SERIES) {
          refusals[code]++;
          reason(isReasonWanted() ? refusal(code, of, row, rows[row]) : "");
        }
      }
      for (byte code = 0; code < Byte.MAX_VALUE; code++) {
        if (refusals[code] > 0) {
          refused.with(label(code)).add(refusals[code]);
        }
      }
      withoutMetadata.add(second ? bare : 0);
      int unknown = 0;
      for (int i = 0; i < of.exemplarCount(); i++) {
        unknown += result.code(of.exemplarRow(i)) == AppendResult.UNKNOWN_SERIES ? 1 : 0;
      }
      int rejected = Math.max(0, result.rejectedExemplars() - unknown);
      exemplars += of.exemplarCount() - unknown - rejected;
      if (rejected > 0 && second) {
        refused.with("out_of_order_exemplar").add(rejected);
        if (rejected == of.exemplarCount()) {
          for (int i = 0; i < rejected; i++) {
            String series = isReasonWanted() ? "" + labels(rows[of.exemplarRow(i)]) : "";
            reason("out of order exemplar for series " + series);
          }
        } else { // the storage does not tell which
          reason("out of order exemplar (" + rejected + ")");
        }
      }
    }

    private String refusal(byte code, SampleBatch of, int row, int number)
        throws WriteRequestReader.MalformedException {
      String text = refusalText(code);
      NativeHistogram h = of.histogram(row);
      if (code == AppendResult.DUPLICATE && h == null && !isLookedEnough()) {
        StringBuilder more = new StringBuilder(text);
        long at = of.timeMs(row);
        read(
            number,
            at,
            at,
            "",
            (time, value, histogram) -> {
              if (histogram == null) {
                more.append(' ').append(time).append("; overrides not allowed: existing ");
                more.append(GoFloat.format(value, 'g', -1)).append(", new value ");
                more.append(GoFloat.format(of.value(row), 'g', -1));
              }
            });
        text = more.toString();
      }
      text += " for series " + labels(number);
      return second ? text : text + " at " + of.timeMs(row);
    }
  }

  private static String label(byte code) {
    return switch (code) {
      case AppendResult.OUT_OF_ORDER -> "out_of_order";
      case AppendResult.DUPLICATE -> "duplicate";
      case AppendResult.OUT_OF_BOUNDS -> "out_of_bounds";
      case AppendResult.TOO_OLD -> "too_old";
      case AppendResult.TOO_FAR_IN_FUTURE -> "future";
      case AppendResult.NO_ROOM -> "no_room";
      case AppendResult.INVALID_HISTOGRAM -> "invalid_histogram";
      default -> "other";
    };
  }

  private static String refusalText(byte code) {
    return switch (code) {
      case AppendResult.OUT_OF_ORDER -> "out of order sample";
      case AppendResult.DUPLICATE -> "duplicate sample for timestamp";
      case AppendResult.OUT_OF_BOUNDS -> "out of bounds";
      case AppendResult.TOO_OLD -> "too old sample";
      case AppendResult.TOO_FAR_IN_FUTURE -> "out of bounds: timestamp is too far in the future";
      case AppendResult.INVALID_HISTOGRAM -> "invalid histogram";
      default -> "refused by the storage (" + code + ")";
    };
  }
}
