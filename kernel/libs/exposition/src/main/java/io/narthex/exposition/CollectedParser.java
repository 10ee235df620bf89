package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.model.go.GoString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads {@link CollectedMetrics} like the protobuf format: the metadata of a counter or gauge has
 * the name of its samples, that of a histogram or summary the family's; a native histogram replaces
 * the classic one with the same labels, or is converted to one where native histograms are ignored.
 *
 * <p>Rows are reported in the order of their collection. Only families with native histograms, and
 * histograms that are to be converted, are grouped by their labels first, which allocates.
 */
final class CollectedParser extends ExpositionParser {
  private static final byte[] NONE = new byte[0];
  private static final MetricMetadata NO_FAMILY =
      new MetricMetadata("", MetricType.UNKNOWN, "", "");

  /** What is reported of a row. */
  private enum Part {
    /** The sample unchanged. */
    VALUE,
    /** The native histogram. */
    NATIVE,
    /** A native histogram as count, sum and buckets. */
    CLASSIC
  }

  private final CollectedMetrics from;
  private final ParserOptions options;

  // the family
  private MetricMetadata family = NO_FAMILY;
  private int nextFamily; // index of the one after it
  private int familyEnd; // exclusive
  private byte[] familyName = new byte[128];
  private int familyNameLength;
  private boolean gauge; // whether its histograms are gauges
  private int nextHistogram; // index of the first native one after it

  /** Rows and their parts when the family is grouped by labels. */
  private final Ints order = new Ints();

  private final List<Part> orderParts = new ArrayList<>();
  private boolean grouped;
  private int at; // in order
  private final Map<Integer, List<Exemplar>> nativeExemplars = new HashMap<>();

  // the metadata in effect, and what of it is reported next; COMMENT = nothing
  private byte[] metaName = new byte[128];
  private int metaNameLength;
  private boolean declared;
  private boolean declaredFamily;
  private String help = "";
  private String unit = "";
  private MetricType type = MetricType.UNKNOWN;
  private Entry pendingMeta = Entry.COMMENT;

  // the row
  private int row;
  private Part part = Part.VALUE;
  private boolean pendingRow;
  private int step; // of a CLASSIC one: count, sum, buckets
  private int steps;
  private double[] cumulative = new double[0];

  // the entry
  private byte[] key = new byte[256];
  private int keyLength;
  private byte[] entry = NONE; // text of the rows, or key
  private int entryStart;
  private int entryEnd;
  private double value;
  private String text = "";

  CollectedParser(CollectedMetrics from, ParserOptions options) {
    this.from = from;
    this.options = options;
    rewind();
  }

  /** Starts from the beginning; the arguments are ignored. */
  @Override
  public void reset(byte[] data, int length) {
    rewind();
  }

  private void rewind() {
    nextFamily = 0;
    nextHistogram = 0;
    begin(NO_FAMILY);
    row = -1;
  }

  @Override
  public Entry next() throws ExpositionException {
    while (true) {
      if (pendingMeta != Entry.COMMENT) {
        return meta();
      }
      if (pendingRow) {
        pendingRow = false;
        if (part != Part.CLASSIC) {
          return sample();
        }
        beginClassic();
      }
      if (step < steps) {
        return classic();
      }
      if (!advance()) {
        return Entry.END;
      }
    }
  }

  /** Moves to the next row; returns false when there is none. */
  private boolean advance() {
    while (true) {
      if (grouped && at < order.size()) {
        row = order.get(at);
        part = orderParts.get(at++);
        break;
      }
      if (!grouped && row + 1 < familyEnd) {
        row++;
        part = Part.VALUE;
        break;
      }
      if (nextFamily == from.families.size()) {
        return false;
      }
      row = familyEnd - 1;
      begin(from.families.get(nextFamily++));
    }
    declare();
    pendingRow = true;
    return true;
  }

  private void begin(MetricMetadata metadata) {
    int first = nextFamily == 0 ? 0 : familyEnd;
    family = metadata;
    familyEnd = nextFamily < from.familyRows.size() ? from.familyRows.get(nextFamily) : from.rows;
    String name = metadata.name();
    if (familyName.length < 3 * name.length()) {
      familyName = new byte[3 * name.length()];
    }
    familyNameLength = Utf8.encode(name, 0, familyName, 0);
    declared = false;
    pendingMeta = Entry.COMMENT;
    pendingRow = false;
    steps = 0;
    step = 0;
    grouped = false;
    gauge = metadata.type() == MetricType.GAUGEHISTOGRAM;
    boolean natives = false;
    while (nextHistogram < from.histogramRows.size()
        && from.histogramRows.get(nextHistogram) < familyEnd) {
      natives = true;
      gauge |= isGauge(from.histograms.get(nextHistogram++));
    }
    boolean histogram = CollectedMetrics.isHistogram(metadata.type());
    if (natives || (histogram && options.convertClassicToNhcb())) {
      group(first);
    }
  }

  /** One group of a family: the samples that have the same labels, apart from the bound. */
  private static final class Group {
    final List<Integer> classic = new ArrayList<>();
    final List<Integer> natives = new ArrayList<>();
  }

  private void group(int first) {
    Map<String, Group> groups = new LinkedHashMap<>();
    for (int r = first; r < familyEnd; r++) {
      Group group = groups.computeIfAbsent(groupOf(r), _ -> new Group());
      (isNative(r) ? group.natives : group.classic).add(r);
    }
    grouped = true;
    at = 0;
    order.clear();
    orderParts.clear();
    nativeExemplars.clear();
    for (Group group : groups.values()) {
      boolean wanted = !group.natives.isEmpty() && !options.ignoreNative();
      for (int r : group.natives) {
        if (wanted) {
          order(r, Part.NATIVE);
          nativeExemplars.put(r, exemplars(group.classic));
        } else if (group.classic.isEmpty()) {
          order(r, Part.CLASSIC);
        }
      }
      if (!wanted || options.keepClassic()) {
        group.classic.forEach(r -> order(r, Part.VALUE));
      }
    }
  }

  private void order(int r, Part p) {
    order.add(r);
    orderParts.add(p);
  }

  private List<Exemplar> exemplars(List<Integer> ofRows) {
    List<Exemplar> found = new ArrayList<>();
    for (int r : ofRows) {
      int i = from.exemplarRows.find(r);
      if (i >= 0 && from.exemplars.get(i).hasTimestamp()) {
        found.add(from.exemplars.get(i));
      }
    }
    return found;
  }

  /** Returns the key that the samples of one histogram share; a stray sample has its own. */
  private String groupOf(int r) {
    int start = start(r);
    int nameEnd = nameEnd(start);
    StringBuilder out = new StringBuilder().append(from.times[r]).append(' ');
    if (!isMember(start, nameEnd, isNative(r))) {
      return out.append('=').append(latin(start, from.ends[r])).toString();
    }
    for (int i = nameEnd + 1; i < from.ends[r]; ) {
      int valueStart = partEnd(from.text, i) + 1;
      int end = partEnd(from.text, valueStart) + 1;
      boolean bound = valueStart == i + 3 && from.text[i] == 'l' && from.text[i + 1] == 'e';
      if (!bound) {
        out.append(latin(i, end));
      }
      i = end;
    }
    return out.toString();
  }

  private String latin(int start, int end) {
    return new String(from.text, start, end - start, StandardCharsets.ISO_8859_1);
  }

  private boolean isNative(int r) {
    return from.histogramRows.find(r) >= 0;
  }

  private static boolean isGauge(NativeHistogram h) {
    return h.resetHint() == ResetHint.GAUGE;
  }

  private int start(int r) {
    return r == 0 ? 0 : from.ends[r - 1];
  }

  private int nameEnd(int start) {
    return partEnd(from.text, start);
  }

  private static int partEnd(byte[] b, int start) {
    int i = start;
    while (b[i] != CollectedMetrics.END) {
      i++;
    }
    return i;
  }

  /** Returns whether a name is that of a part of this histogram or summary. */
  private boolean isMember(int start, int nameEnd, boolean nativeRow) {
    MetricType of = family.type();
    if (of == MetricType.SUMMARY) {
      return !nativeRow
          && (isName(start, nameEnd, "")
              || isName(start, nameEnd, "_count")
              || isName(start, nameEnd, "_sum"));
    }
    if (!CollectedMetrics.isHistogram(of)) {
      return false;
    }
    return nativeRow
        ? isName(start, nameEnd, "")
        : isBucket(start, nameEnd)
            || isName(start, nameEnd, "_count")
            || isName(start, nameEnd, "_sum");
  }

  private boolean isBucket(int start, int nameEnd) {
    return CollectedMetrics.isHistogram(family.type()) && isName(start, nameEnd, "_bucket");
  }

  /** Returns whether a name is the family's with a suffix. */
  private boolean isName(int start, int nameEnd, String suffix) {
    int n = familyNameLength;
    if (nameEnd - start != n + suffix.length()
        || !Arrays.equals(from.text, start, start + n, familyName, 0, n)) {
      return false;
    }
    for (int i = 0; i < suffix.length(); i++) {
      if (from.text[start + n + i] != suffix.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Makes the metadata of the row current; changes are reported before the row. */
  private void declare() {
    int start = start(row);
    int nameEnd = nameEnd(start);
    boolean nativeRow = part != Part.VALUE;
    boolean member = isMember(start, nameEnd, nativeRow);
    if (declared
        && member == declaredFamily
        && (member || Arrays.equals(from.text, start, nameEnd, metaName, 0, metaNameLength))) {
      return;
    }
    declared = true;
    declaredFamily = member;
    boolean own = member;
    if (member) {
      metaName(familyName, 0, familyNameLength);
      type = gauge ? MetricType.GAUGEHISTOGRAM : family.type();
    } else {
      metaName(from.text, start, nameEnd);
      if (nativeRow) {
        boolean isGauge = isGauge(from.histograms.get(from.histogramRows.find(row)));
        type = isGauge ? MetricType.GAUGEHISTOGRAM : MetricType.HISTOGRAM;
      } else {
        own = isOwn(start, nameEnd);
        type = own ? plain(family.type()) : MetricType.UNKNOWN;
      }
    }
    help = own ? family.help() : "";
    unit = own ? family.unit() : "";
    pendingMeta = Entry.HELP;
  }

  /** Returns whether a name is the family's, apart from a suffix of its type. */
  private boolean isOwn(int start, int nameEnd) {
    return switch (family.type()) {
      case COUNTER -> isName(start, nameEnd, "") || isName(start, nameEnd, "_total");
      case INFO -> isName(start, nameEnd, "") || isName(start, nameEnd, "_info");
      case GAUGE, STATESET, UNKNOWN -> isName(start, nameEnd, "");
      case HISTOGRAM, GAUGEHISTOGRAM, SUMMARY -> false;
    };
  }

  /** Returns the type as formats other than OpenMetrics know it. */
  private static MetricType plain(MetricType type) {
    return switch (type) {
      case INFO, STATESET -> MetricType.GAUGE;
      case COUNTER, GAUGE, UNKNOWN, HISTOGRAM, GAUGEHISTOGRAM, SUMMARY -> type;
    };
  }

  private void metaName(byte[] b, int start, int end) {
    int n = end - start;
    if (n > metaName.length) {
      metaName = new byte[2 * n];
    }
    System.arraycopy(b, start, metaName, 0, n);
    metaNameLength = n;
  }

  private Entry meta() {
    Entry e = pendingMeta;
    if (e == Entry.HELP) {
      text = help;
      pendingMeta = unit.isEmpty() ? Entry.TYPE : Entry.UNIT;
    } else if (e == Entry.UNIT) {
      text = unit;
      pendingMeta = Entry.TYPE;
    } else {
      text = type.text();
      pendingMeta = Entry.COMMENT;
    }
    keyLength = 0;
    keyPart(e.name());
    keyBytes(metaName, 0, metaNameLength);
    keyPart(text);
    keyIsEntry();
    return e;
  }

  private Entry sample() {
    entry = from.text;
    entryStart = start(row);
    entryEnd = from.ends[row];
    if (part == Part.NATIVE) {
      return Entry.HISTOGRAM;
    }
    value(from.values[row]);
    return Entry.SERIES;
  }

  /** Every NaN becomes the ordinary one: a collected value is never a stale marker. */
  private void value(double v) {
    value = Double.isNaN(v) ? TextParser.NORMAL_NAN : v;
  }

  private void beginClassic() {
    NativeHistogram h = nativeHistogram();
    cumulative = h.hasCustomBuckets() ? HistogramMessage.cumulative(h) : new double[1];
    step = 0;
    steps = 2 + cumulative.length;
  }

  private Entry classic() {
    NativeHistogram h = nativeHistogram();
    int bucket = step++ - 2;
    boolean last = bucket == cumulative.length - 1;
    int start = start(row);
    int nameEnd = nameEnd(start);
    keyLength = 0;
    keyBytes(from.text, start, nameEnd);
    keyLength--; // the name continues
    keyPart(bucket == -2 ? "_count" : bucket == -1 ? "_sum" : "_bucket");
    keyBytes(from.text, nameEnd + 1, from.ends[row]);
    keyLength--; // the end of the name, which was there already
    if (bucket >= 0) {
      keyPart("le");
      keyPart(last ? "+Inf" : TextParser.bound(h.customBounds()[bucket]));
    }
    keyIsEntry();
    value(bucket == -1 ? h.sum() : bucket == -2 || last ? h.count() : cumulative[bucket]);
    return Entry.SERIES;
  }

  private NativeHistogram nativeHistogram() {
    return from.histograms.get(from.histogramRows.find(row));
  }

  private void keyPart(String s) {
    keyRoom(3 * s.length() + 1);
    keyLength = Utf8.encode(s, 0, key, keyLength);
    key[keyLength++] = CollectedMetrics.END;
  }

  private void keyBytes(byte[] b, int start, int end) {
    keyRoom(end - start + 1);
    System.arraycopy(b, start, key, keyLength, end - start);
    keyLength += end - start;
    key[keyLength++] = CollectedMetrics.END;
  }

  private void keyRoom(int n) {
    if (keyLength + n > key.length) {
      key = Arrays.copyOf(key, Math.max(key.length * 2, keyLength + n));
    }
  }

  private void keyIsEntry() {
    entry = key;
    entryStart = 0;
    entryEnd = keyLength;
  }

  @Override
  public byte[] seriesBytes() {
    return entry;
  }

  @Override
  public int seriesStart() {
    return entryStart;
  }

  @Override
  public int seriesEnd() {
    return entryEnd;
  }

  @Override
  public Labels labels() throws ExpositionException {
    int nameEnd = partEnd(entry, entryStart);
    String name = Utf8.text(entry, entryStart, nameEnd);
    List<String> pairs = new ArrayList<>();
    pairs.add(Labels.METRIC_NAME);
    pairs.add(name);
    MetricType of = type == MetricType.GAUGEHISTOGRAM ? MetricType.HISTOGRAM : type;
    boolean typeLabel = options.typeAndUnitLabels() && type != MetricType.UNKNOWN;
    boolean unitLabel = options.typeAndUnitLabels() && !unit.isEmpty();
    for (int i = nameEnd + 1; i < entryEnd; ) {
      int middle = partEnd(entry, i);
      int end = partEnd(entry, middle + 1);
      String label = Utf8.text(entry, i, middle);
      boolean replaced =
          (typeLabel && label.equals("__type__")) || (unitLabel && label.equals("__unit__"));
      if (!replaced) {
        pairs.add(label);
        pairs.add(TextParser.normalised(of, label, Utf8.text(entry, middle + 1, end)));
      }
      i = end + 1;
    }
    if (typeLabel) {
      pairs.add("__type__");
      pairs.add(type.text());
    }
    if (unitLabel) {
      pairs.add("__unit__");
      pairs.add(unit);
    }
    try {
      return Labels.of(pairs.toArray(String[]::new));
    } catch (IllegalArgumentException e) {
      throw new ExpositionException("label name occurs twice in metric " + GoString.quote(name));
    }
  }

  @Override
  public boolean hasEmptyLabel(String name) {
    return false; // label sets have none
  }

  @Override
  public double value() {
    return value;
  }

  @Override
  public NativeHistogram histogram() throws ExpositionException {
    NativeHistogram h = nativeHistogram();
    HistogramBuckets up = HistogramBuckets.compact(h.positiveSpans(), h.positiveBuckets(), 0);
    HistogramBuckets down = HistogramBuckets.compact(h.negativeSpans(), h.negativeBuckets(), 0);
    return h.toBuilder()
        .sum(Double.isNaN(h.sum()) ? TextParser.NORMAL_NAN : h.sum())
        .positive(up.spans, up.values)
        .negative(down.spans, down.values)
        .resetHint(type == MetricType.GAUGEHISTOGRAM ? ResetHint.GAUGE : ResetHint.UNKNOWN)
        .build();
  }

  @Override
  public boolean hasTimestamp() {
    return timestampMs() != 0;
  }

  @Override
  public long timestampMs() {
    return from.times[row];
  }

  @Override
  public long startTimestampMs() {
    return 0;
  }

  @Override
  public int exemplarCount() {
    if (from.exemplars.isEmpty() || part == Part.CLASSIC) {
      return 0;
    }
    if (part == Part.NATIVE) {
      return nativeExemplars.getOrDefault(row, List.of()).size();
    }
    boolean takesSome =
        type == MetricType.COUNTER
            || (declaredFamily && isBucket(entryStart, partEnd(from.text, entryStart)));
    return takesSome && from.exemplarRows.find(row) >= 0 ? 1 : 0;
  }

  @Override
  public Exemplar exemplar(int index) {
    return part == Part.NATIVE
        ? nativeExemplars.getOrDefault(row, List.of()).get(index)
        : from.exemplars.get(from.exemplarRows.find(row));
  }

  @Override
  public String metadataName() {
    return Utf8.text(metaName, 0, metaNameLength);
  }

  @Override
  public String metadataText() {
    return text;
  }

  @Override
  public MetricType type() {
    return type;
  }
}
