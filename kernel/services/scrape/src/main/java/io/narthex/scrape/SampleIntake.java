package io.narthex.scrape;

import io.narthex.exposition.ExpositionException;
import io.narthex.exposition.ExpositionFormat;
import io.narthex.exposition.ExpositionParser;
import io.narthex.exposition.ParserOptions;
import io.narthex.exposition.thread.Courtesy;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Turns the expositions of one target into batches: labels, relabelling, limits, staleness.
 * Remembers what the target exposed in the previous scrape. Confined to the target's loop.
 *
 * <p>A sample of a known series costs a comparison of its text, parsing its value and three array
 * stores.
 */
final class SampleIntake {
  private static final byte ADDED = 1;
  private static final byte LIVE = 2;
  private static final long MAX_FUTURE_MS = 600_000;

  /**
   * Most labels of a series when {@code label_limit} is not set; the storage accepts no more
   * either.
   */
  private static final int MAX_LABELS = 1 << 16;

  /** Entries between two checks of the deadline, at which the thread also yields to other loops. */
  private static final int CHECK_EVERY = 1024;

  /** Series texts that failing scrapes may add before the table is rebuilt. */
  private static final int MAX_UNSTORED = 1000;

  /** Estimated heap of a new series, garbage of its creation included. */
  private static final long SERIES_BYTES = 1024;

  private final StorageGate storage;
  private final ScrapeMetrics metrics;
  private ScrapeSettings settings;
  private Target target;
  private SeriesTable series = new SeriesTable();

  /**
   * Series of the previous settings; those that the next scrape does not resolve again go stale.
   */
  private @Nullable SeriesTable retired;

  private final SeriesTable metadataLines = new SeriesTable();

  private @Nullable ExpositionParser parser;
  private @Nullable ExpositionFormat parserFormat;
  private ParserOptions options;

  /** Metadata by family; other threads read it. */
  private final Map<String, MetricMetadata> metadata = new ConcurrentHashMap<>();

  /** Families whose metadata the storage does not have yet. */
  private final Set<String> unsent = new LinkedHashSet<>();

  private long metadataEpoch; // of the storage that has the others

  /** Entry of each row of the batch that comes from the exposition. */
  private int[] rowEntries = new int[64];

  /** Of each row whether its series counts as added, and whether it was tracked before. */
  private byte[] rowFlags = new byte[64];

  /** Whether a row with a time of its own is counted as added: the storage may refuse it. */
  private boolean addedOwnTimes;

  /** New series of the exposition being read; they are resolved when all of it has been read. */
  private final List<Labels> unresolved = new ArrayList<>();

  private int[] unresolvedEntries = new int[64];
  private boolean heapFull; // at the beginning of the scrape
  private boolean changedMetadata;
  private boolean relabel; // whether metadata changed that becomes labels
  private int exposedRows;
  private int lastGood;
  private long deadlineNanos;
  private Courtesy courtesy = new Courtesy();

  private int scraped;
  private int kept;
  private int added;

  /** Why the scrape fails at the end of the page, of which the rest is only counted. */
  private @Nullable ScrapeFailure exceeded;

  SampleIntake(StorageGate storage, ScrapeMetrics metrics, ScrapeSettings settings, Target target) {
    this.storage = storage;
    this.metrics = metrics;
    this.settings = settings;
    this.target = target;
    this.options = settings.parserOptions(target);
  }

  /** Changes the settings; keeps what is known about series as far as it is still valid. */
  void update(ScrapeSettings next, Target nextTarget) {
    if (!next.sameSeries(settings) || !nextTarget.labels().equals(target.labels())) {
      retire();
    }
    settings = next;
    target = nextTarget;
    ParserOptions o = next.parserOptions(nextTarget);
    if (!o.equals(options)) {
      options = o;
      parser = null;
      retire();
    }
  }

  private void retire() {
    if (retired == null) {
      retired = series;
    }
    series = new SeriesTable();
  }

  int scraped() {
    return scraped;
  }

  int kept() {
    return kept;
  }

  int added() {
    return added;
  }

  /** Returns whether {@link #added} is known only when the storage has judged the samples. */
  boolean addedDependsOnStorage() {
    return addedOwnTimes;
  }

  /** Returns the number of known series: those of the newest scrape, and some that are gone. */
  int known() {
    return series.size();
  }

  Collection<MetricMetadata> metadata() {
    return metadata.values();
  }

  /**
   * Puts the samples of an exposition into the batch, with stale markers for what is gone.
   *
   * @param format of the body, or null for metrics that were collected in process
   * @param deadline moment of {@link System#nanoTime} at which reading gives up
   * @throws ScrapeFailure when a limit is exceeded; the batch must be discarded then
   * @throws ExpositionException when the exposition is malformed; likewise
   */
  void take(@Nullable ExpositionFormat format, Scratch scratch, long timeMs, long deadline)
      throws ScrapeFailure, ExpositionException {
    scraped = 0;
    kept = 0;
    added = 0;
    exposedRows = 0;
    deadlineNanos = deadline;
    courtesy = new Courtesy();
    heapFull = scratch.heapFull();
    exceeded = null;
    addedOwnTimes = false;
    unresolved.clear();
    if (relabel) {
      retire();
      relabel = false;
    }
    series.begin();
    read(format, scratch, timeMs, scratch.batch, false);
    resolveAll(scratch);
    exposedRows = scratch.batch.size();
    addMetadata(scratch.batch);
    stale(scratch.batch, timeMs);
    series.end(scratch.length > 0 || format == null);
    lastGood = series.size();
  }

  private void addMetadata(SampleBatch batch) {
    if (storage.epoch() != metadataEpoch) {
      unsent.addAll(metadata.keySet());
    }
    for (String name : unsent) {
      MetricMetadata m = metadata.get(name);
      if (m != null) {
        batch.metadata(m);
      }
    }
  }

  /** Notes that what {@link #take} has put into the batch is stored. */
  void stored() {
    unsent.clear();
    metadataEpoch = storage.epoch();
  }

  /** Returns the number of batch rows that come from the exposition; stale markers follow them. */
  int exposedRows() {
    return exposedRows;
  }

  /**
   * Resolves new series only now: an exposition that fails must not create series in the storage.
   */
  private void resolveAll(Scratch scratch) throws ScrapeFailure {
    if (unresolved.isEmpty()) {
      return;
    }
    if (!scratch.addToHeap(unresolved.size() * SERIES_BYTES)) {
      throw noRoom();
    }
    SampleBatch batch = scratch.batch;
    for (int i = 0; i < unresolved.size(); i++) {
      series.ref(unresolvedEntries[i], storage.resolve(unresolved.get(i)));
    }
    unresolved.clear();
    for (int row = 0; row < batch.size(); row++) {
      if (batch.ref(row) == SeriesTable.NO_REF) {
        batch.ref(row, series.ref(rowEntries[row]));
      }
    }
  }

  /** Forgets everything; used when the state may be inconsistent. */
  void forget() {
    series = new SeriesTable();
    retired = null;
    parser = null;
    unresolved.clear();
    metadataLines.begin();
    scraped = 0;
    kept = 0;
    added = 0;
  }

  /** Counts the scrape as empty: stale markers for everything. */
  void takeNothing(SampleBatch batch, long timeMs, boolean afterFailedTake) {
    parser = null; // it may have been left in the middle of something
    addedOwnTimes = false;
    unresolved.clear();
    exposedRows = 0;
    if (afterFailedTake) {
      series.unsee();
    } else {
      scraped = 0;
      kept = 0;
      added = 0;
      series.begin();
    }
    stale(batch, timeMs);
    if (series.size() > 2 * lastGood + MAX_UNSTORED) {
      series = new SeriesTable(); // all of it is stale
    }
  }

  /** Returns a parser positioned before the first entry. */
  private ExpositionParser parser(@Nullable ExpositionFormat format, Scratch scratch) {
    if (format == null) {
      return scratch.collected.parser(options);
    }
    ExpositionParser p = parser;
    if (p == null || parserFormat != format) {
      p = format.parser(options);
      parser = p;
      parserFormat = format;
    }
    p.reset(scratch.body, scratch.length);
    return p;
  }

  private void read(
      @Nullable ExpositionFormat format,
      Scratch scratch,
      long timeMs,
      SampleBatch batch,
      boolean again)
      throws ScrapeFailure, ExpositionException {
    ExpositionParser p = parser(format, scratch);
    boolean honorTimestamps = settings.config.honorTimestamps();
    boolean trackOwnTimes = settings.config.trackTimestampsStaleness();
    metadataLines.begin();
    boolean newMetadata = false;
    int untilCheck = CHECK_EVERY;
    while (true) {
      ExpositionParser.Entry e = p.next();
      if (--untilCheck == 0) {
        untilCheck = CHECK_EVERY;
        checkDeadline();
      }
      switch (e) {
        case END -> {
          if (newMetadata || metadataLines.size() > 4 * metadata.size() + 64) {
            metadataLines.end(true);
          }
          // from now on a known series text may resolve to other labels
          relabel = changedMetadata && options.typeAndUnitLabels();
          changedMetadata = false;
          if (exceeded != null) {
            throw exceeded;
          }
          return;
        }
        case HELP, TYPE, UNIT -> newMetadata |= metadata(e, p);
        case COMMENT -> {
          // nothing to keep
        }
        case SERIES, HISTOGRAM -> {
          if (exceeded != null) {
            countOnly(p);
          } else if (again) {
            readAgain(e, p, timeMs, batch, honorTimestamps);
          } else {
            sample(e, p, timeMs, batch, honorTimestamps, trackOwnTimes);
          }
        }
      }
    }
  }

  /**
   * Also yields: this may run on one of the few carrier threads that all loops and requests share.
   */
  private void checkDeadline() throws ScrapeFailure {
    if (System.nanoTime() - deadlineNanos > 0 || Thread.currentThread().isInterrupted()) {
      throw new ScrapeFailure(
          ScrapeFailure.Kind.TIMEOUT, "context deadline exceeded while reading the exposition");
    }
    courtesy.giveWay();
  }

  private void sample(
      ExpositionParser.Entry e,
      ExpositionParser p,
      long timeMs,
      SampleBatch batch,
      boolean honorTimestamps,
      boolean trackOwnTimes)
      throws ScrapeFailure, ExpositionException {
    scraped++;
    int entry = series.find(p.seriesBytes(), p.seriesStart(), p.seriesEnd());
    boolean fresh = entry < 0 || series.wasAway(entry);
    if (entry < 0) {
      entry = register(p);
    } else if (series.ref(entry) == SeriesTable.NO_REF
        && !series.isDropped(entry)
        && !series.isSeen(entry)) {
      resolve(entry, p);
    }
    if (series.isDropped(entry)) {
      series.see(entry);
      return;
    }
    boolean ownTime = honorTimestamps && p.hasTimestamp();
    long at = ownTime ? p.timestampMs() : timeMs;
    boolean first = series.see(entry);
    byte flags = 0;
    if (!ownTime || trackOwnTimes) {
      flags = !fresh && series.wasTracked(entry) ? LIVE : 0;
      series.track(entry);
    }
    kept++;
    if (settings.sampleLimit > 0 && kept > settings.sampleLimit) {
      exceeded = new ScrapeFailure(ScrapeFailure.Kind.SAMPLE_LIMIT, "sample limit exceeded");
      return;
    }
    if (!first && !ownTime) {
      metrics.duplicate.inc();
      return;
    }
    if (ownTime && at > timeMs + MAX_FUTURE_MS) {
      metrics.outOfBounds.inc();
      return;
    }
    if (fresh) {
      added++;
      flags |= ADDED;
      addedOwnTimes |= ownTime;
    }
    append(e, p, batch, entry, at, flags);
  }

  /** Counts a sample of a page that has exceeded a limit; nothing of it is kept. */
  private void countOnly(ExpositionParser p) throws ScrapeFailure, ExpositionException {
    scraped++;
    int entry = series.find(p.seriesBytes(), p.seriesStart(), p.seriesEnd());
    if (entry < 0 ? labels(p) != null : !series.isDropped(entry)) {
      kept++;
    }
  }

  private void append(
      ExpositionParser.Entry e,
      ExpositionParser p,
      SampleBatch batch,
      int entry,
      long at,
      byte flags)
      throws ScrapeFailure, ExpositionException {
    int row;
    if (e == ExpositionParser.Entry.HISTOGRAM) {
      NativeHistogram h = HistogramLimits.apply(p.histogram(), settings);
      if (h == null) {
        exceeded =
            new ScrapeFailure(ScrapeFailure.Kind.BUCKET_LIMIT, "histogram bucket limit exceeded");
        return;
      }
      row = batch.add(series.ref(entry), at, h);
      series.histogram(entry, true);
    } else {
      series.histogram(entry, false);
      row = batch.add(series.ref(entry), at, p.value());
    }
    if (row >= rowEntries.length) {
      rowEntries = Arrays.copyOf(rowEntries, Math.max(row + 1, rowEntries.length * 2));
      rowFlags = Arrays.copyOf(rowFlags, rowEntries.length);
    }
    rowEntries[row] = entry;
    rowFlags[row] = flags;
    if (settings.features.readsStartTimes()) {
      startTime(p, batch, row);
    }
    int exemplars = p.exemplarCount();
    for (int i = 0; i < exemplars; i++) {
      Exemplar x = p.exemplar(i);
      if (!x.hasTimestamp()) {
        if (e == ExpositionParser.Entry.HISTOGRAM) {
          continue; // those of native histograms need a time of their own
        }
        x = new Exemplar(x.labels(), x.value(), at, true);
      }
      batch.exemplar(row, x);
    }
  }

  private void startTime(ExpositionParser p, SampleBatch batch, int row)
      throws ExpositionException {
    long startMs = p.startTimestampMs();
    if (startMs <= 0) {
      return;
    }
    if (settings.features.startTimes()) {
      batch.startTime(row, startMs);
    }
    NativeHistogram h = batch.histogram(row);
    if (settings.features.zeros()
        && (h == null || h.resetHint() != NativeHistogram.ResetHint.GAUGE)) {
      batch.zeroAt(row, startMs);
    }
  }

  /** Registers a series text seen for the first time. */
  private int register(ExpositionParser p) throws ScrapeFailure, ExpositionException {
    Labels labels = labels(p);
    int entry = series.add(p.seriesBytes(), p.seriesStart(), p.seriesEnd());
    if (labels == null) {
      series.drop(entry);
    } else {
      resolveLater(entry, labels);
    }
    return entry;
  }

  private void resolve(int entry, ExpositionParser p) throws ScrapeFailure, ExpositionException {
    Labels labels = labels(p);
    if (labels == null) {
      series.drop(entry);
    } else {
      resolveLater(entry, labels);
    }
  }

  private static ScrapeFailure noRoom() {
    return new ScrapeFailure(
        ScrapeFailure.Kind.SERIES_ROOM,
        "memory: the heap is full of series, new ones of this target are refused; scrape less, or give the server more memory");
  }

  private void resolveLater(int entry, Labels labels) throws ScrapeFailure {
    if (heapFull) {
      throw noRoom(); // before the labels of a whole exposition are collected
    }
    int n = unresolved.size();
    if (n == unresolvedEntries.length) {
      unresolvedEntries = Arrays.copyOf(unresolvedEntries, n * 2);
    }
    unresolvedEntries[n] = entry;
    unresolved.add(labels);
  }

  /** Returns the labels under which a sample is stored, or null when relabelling drops it. */
  private @Nullable Labels labels(ExpositionParser p) throws ScrapeFailure, ExpositionException {
    Labels labels = withTarget(p);
    labels = settings.metricRelabeling.apply(labels);
    if (labels == null || labels.isEmpty()) {
      return null;
    }
    String name = labels.metricName();
    if (name.isEmpty()) {
      throw new ScrapeFailure(
          ScrapeFailure.Kind.EXPOSITION, "missing metric name (__name__ label)");
    }
    boolean valid = settings.scheme.isMetricName(name);
    for (int i = 0; valid && i < labels.size(); i++) {
      valid = settings.scheme.isLabelName(labels.name(i));
    }
    if (!valid) {
      throw new ScrapeFailure(
          ScrapeFailure.Kind.EXPOSITION, "invalid metric name or label names: " + labels);
    }
    checkLimits(labels, name);
    return labels;
  }

  private Labels withTarget(ExpositionParser p) throws ExpositionException {
    Labels scraped = p.labels();
    Labels own = target.labels();
    boolean conflict = false;
    for (int i = 0; i < own.size(); i++) {
      conflict |= scraped.has(own.name(i));
    }
    Labels.Builder b = scraped.toBuilder();
    if (settings.config.honorLabels()) {
      for (int i = 0; i < own.size(); i++) {
        if (!scraped.has(own.name(i)) && !p.hasEmptyLabel(own.name(i))) {
          b.set(own.name(i), own.value(i));
        }
      }
      return b.build();
    }
    own.forEach(b::set);
    if (conflict) {
      List<String> names = new ArrayList<>();
      for (int i = 0; i < own.size(); i++) {
        if (scraped.has(own.name(i))) {
          names.add(own.name(i));
        }
      }
      names.sort((x, y) -> Integer.compare(x.length(), y.length()));
      for (String name : names) {
        String free = "exported_" + name;
        while (!b.get(free).isEmpty()) {
          free = "exported_" + free;
        }
        b.set(free, scraped.get(name));
      }
    }
    return b.build();
  }

  private void checkLimits(Labels labels, String name) throws ScrapeFailure {
    if (settings.labelLimit > 0 && labels.size() > settings.labelLimit) {
      throw limit(
          "label_limit exceeded (metric: "
              + cut(name)
              + ", number of labels: "
              + labels.size()
              + ", limit: "
              + settings.labelLimit
              + ")");
    }
    if (labels.size() > MAX_LABELS) {
      throw limit(
          "too many labels (metric: "
              + cut(name)
              + ", number of labels: "
              + labels.size()
              + "); a series has at most "
              + MAX_LABELS);
    }
    if (settings.labelNameLimit == 0 && settings.labelValueLimit == 0) {
      return;
    }
    for (int i = 0; i < labels.size(); i++) {
      int n = bytes(labels.name(i));
      if (settings.labelNameLimit > 0 && n > settings.labelNameLimit) {
        throw limit(
            "label_name_length_limit exceeded (metric: "
                + cut(name)
                + ", label name: "
                + cut(labels.name(i))
                + ", length: "
                + n
                + ", limit: "
                + settings.labelNameLimit
                + ")");
      }
      int v = bytes(labels.value(i));
      if (settings.labelValueLimit > 0 && v > settings.labelValueLimit) {
        throw limit(
            "label_value_length_limit exceeded (metric: "
                + cut(name)
                + ", label name: "
                + cut(labels.name(i))
                + ", value: \""
                + cut(labels.value(i))
                + "\", length: "
                + v
                + ", limit: "
                + settings.labelValueLimit
                + ")");
      }
    }
  }

  private static int bytes(String s) {
    return s.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
  }

  private static ScrapeFailure limit(String message) {
    return new ScrapeFailure(ScrapeFailure.Kind.LABEL_LIMIT, message);
  }

  private static String cut(String s) {
    return s.length() <= 50 ? s : s.substring(0, 50);
  }

  private void stale(SampleBatch batch, long timeMs) {
    SeriesTable old = retired;
    if (old != null) {
      retired = null;
      long[] current = series.trackedRefs();
      for (int e = 0; e < old.size(); e++) {
        if (old.isTracked(e) && Arrays.binarySearch(current, old.ref(e)) < 0) {
          batch.add(old.ref(e), timeMs, StaleMarker.VALUE);
        }
      }
    }
    for (int e = 0; e < series.size(); e++) {
      if (series.isStale(e)) {
        mark(batch, e, timeMs);
      }
    }
  }

  private void mark(SampleBatch batch, int entry, long timeMs) {
    if (series.isHistogram(entry)) {
      batch.add(series.ref(entry), timeMs, NativeHistogram.stale());
    } else {
      batch.add(series.ref(entry), timeMs, StaleMarker.VALUE);
    }
  }

  /** Adds stale markers for all series of the newest scrape: the target is gone. */
  void endAll(SampleBatch batch, long timeMs) {
    for (int e = 0; e < series.size(); e++) {
      if (series.isTracked(e)) {
        mark(batch, e, timeMs);
      }
    }
  }

  /**
   * Checks the outcome of each row of the exposition, counts refused samples, and fills the second
   * batch with the samples whose series the storage had forgotten.
   */
  void afterAppend(
      AppendResult result,
      @Nullable ExpositionFormat format,
      Scratch scratch,
      int sampleRows,
      SampleBatch second,
      long timeMs) {
    metrics.outOfOrder.add(result.count(AppendResult.OUT_OF_ORDER));
    metrics.outOfOrder.add(result.count(AppendResult.TOO_OLD));
    metrics.duplicate.add(result.count(AppendResult.DUPLICATE));
    metrics.outOfBounds.add(result.count(AppendResult.OUT_OF_BOUNDS));
    metrics.outOfBounds.add(result.count(AppendResult.TOO_FAR_IN_FUTURE));
    boolean unknown = false;
    boolean refused = false;
    for (int row = 0; row < sampleRows; row++) {
      byte code = result.code(row);
      if (code == AppendResult.UNKNOWN_SERIES) {
        unknown = true;
        series.ref(rowEntries[row], SeriesTable.NO_REF);
      } else if (isRefusedForTime(code)) {
        refused = true;
        if ((rowFlags[row] & ADDED) != 0) {
          added--;
        }
      }
    }
    if (refused) {
      endRefused(result, sampleRows, second, timeMs);
    }
    if (!unknown) {
      return;
    }
    try {
      read(format, scratch, timeMs, second, true);
    } catch (ScrapeFailure | ExpositionException e) {
      second.clear(); // cannot happen: it was read without an error just now
    }
  }

  private static boolean isRefusedForTime(byte code) {
    return switch (code) {
      case AppendResult.OUT_OF_ORDER,
          AppendResult.DUPLICATE,
          AppendResult.OUT_OF_BOUNDS,
          AppendResult.TOO_OLD,
          AppendResult.TOO_FAR_IN_FUTURE ->
          true;
      default -> false;
    };
  }

  /**
   * Ends series of which the storage has refused all samples of this scrape, as if they had gone.
   */
  private void endRefused(AppendResult result, int sampleRows, SampleBatch second, long timeMs) {
    BitSet taken = new BitSet(series.size());
    for (int row = 0; row < sampleRows; row++) {
      if (!isRefusedForTime(result.code(row))) {
        taken.set(rowEntries[row]);
      }
    }
    for (int row = 0; row < sampleRows; row++) {
      int entry = rowEntries[row];
      if ((rowFlags[row] & LIVE) != 0 && !taken.get(entry)) {
        taken.set(entry);
        series.untrack(entry);
        mark(second, entry, timeMs);
      }
    }
  }

  /**
   * Handles an entry of the second reading, which looks for series that have lost their reference.
   */
  private void readAgain(
      ExpositionParser.Entry e,
      ExpositionParser p,
      long timeMs,
      SampleBatch batch,
      boolean honorTimestamps)
      throws ScrapeFailure, ExpositionException {
    int entry = series.peek(p.seriesBytes(), p.seriesStart(), p.seriesEnd());
    if (entry < 0 || series.isDropped(entry) || series.ref(entry) != SeriesTable.NO_REF) {
      return;
    }
    Labels labels = labels(p);
    if (labels == null) {
      return;
    }
    series.ref(entry, storage.resolve(labels));
    boolean ownTime = honorTimestamps && p.hasTimestamp();
    append(e, p, batch, entry, ownTime ? p.timestampMs() : timeMs, (byte) 0);
  }

  private boolean metadata(ExpositionParser.Entry e, ExpositionParser p)
      throws ExpositionException {
    int line = metadataLines.find(p.seriesBytes(), p.seriesStart(), p.seriesEnd());
    if (line >= 0) {
      metadataLines.see(line);
      return false;
    }
    metadataLines.see(metadataLines.add(p.seriesBytes(), p.seriesStart(), p.seriesEnd()));
    String name = p.metadataName();
    MetricMetadata old =
        metadata.getOrDefault(name, new MetricMetadata(name, MetricType.UNKNOWN, "", ""));
    metadata.put(
        name,
        switch (e) {
          case HELP -> new MetricMetadata(name, old.type(), p.metadataText(), old.unit());
          case TYPE -> new MetricMetadata(name, p.type(), old.help(), old.unit());
          case UNIT -> new MetricMetadata(name, old.type(), old.help(), p.metadataText());
          case COMMENT, SERIES, HISTOGRAM, END -> old;
        });
    MetricMetadata now = metadata.get(name);
    if (!old.equals(now)) {
      unsent.add(name);
    }
    changedMetadata |=
        now != null
            && ((old.type() != MetricType.UNKNOWN && old.type() != now.type())
                || (!old.unit().isEmpty() && !old.unit().equals(now.unit())));
    return true;
  }
}
