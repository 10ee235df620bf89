package io.narthex.exposition.family;

import io.narthex.exposition.ExpositionException;
import io.narthex.exposition.ProtobufWire;
import io.narthex.exposition.family.FamilyBuilder.Part;
import io.narthex.model.Labels;
import io.narthex.model.go.GoFloat;
import io.narthex.model.go.GoString;
import io.narthex.relabel.NameScheme;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the text format 0.0.4 as the Pushgateway does: into families, where the parser of scrapes
 * reads series. It is stricter (a final line feed is required, a type is given before the samples)
 * and tells apart what belongs to which histogram or summary. One body each; not thread-safe.
 */
public final class TextReader {
  private static final int END = -1;

  private final byte[] b;
  private final int length;
  private final boolean utf8Names;
  private final Map<String, FamilyBuilder> families = new LinkedHashMap<>();

  private int at;
  private int line = 1;
  private boolean timed;

  private final SeriesLabels.Builder labels = new SeriesLabels.Builder();
  private double point; // quantile or le of the current line
  private Part part = Part.POINT;
  private @Nullable FamilyBuilder family; // of the current line
  private boolean named; // the name of the current sample is in front of its braces

  private TextReader(byte[] body, int length, boolean utf8Names) {
    this.b = body;
    this.length = length;
    this.utf8Names = utf8Names;
  }

  /**
   * Reads a body.
   *
   * @param utf8Names whether names may be any UTF-8
   * @throws ExpositionException with the line and what is wrong there
   */
  public static Families read(byte[] body, int length, boolean utf8Names)
      throws ExpositionException {
    TextReader reader = new TextReader(body, length, utf8Names);
    try {
      reader.read();
    } catch (ExpositionException e) {
      throw new ExpositionException(
          "text format parsing error in line " + reader.line + ": " + e.getMessage());
    }
    Map<String, Family> out = new LinkedHashMap<>();
    for (FamilyBuilder f : reader.families.values()) {
      Family built = f.build();
      if (built != null) {
        out.put(built.name(), built);
      }
    }
    return new Families(out, reader.timed);
  }

  private void read() throws ExpositionException {
    while (true) {
      blanks();
      int c = peek();
      if (c == END) {
        return;
      }
      if (c == '#') {
        at++;
        comment();
      } else if (c != '\n') {
        sample();
      }
      at++; // the line feed
      line++;
    }
  }

  // ---- characters ------------------------------------------------------------------------------

  private int peek() {
    return at < length ? b[at] & 0xff : END;
  }

  /** Returns the current byte of a line that must go on. */
  private int current() throws ExpositionException {
    if (at >= length) {
      throw new ExpositionException("unexpected end of input stream");
    }
    return b[at] & 0xff;
  }

  private void blanks() {
    while (at < length && (b[at] == ' ' || b[at] == '\t')) {
      at++;
    }
  }

  private static boolean isBlank(int c) {
    return c == ' ' || c == '\t';
  }

  private String word() throws ExpositionException {
    int from = at;
    while (!isBlank(current()) && b[at] != '\n') {
      at++;
    }
    return text(from, at);
  }

  private String restOfLine() throws ExpositionException {
    int from = at;
    while (current() != '\n') {
      at++;
    }
    return text(from, at);
  }

  private String text(int from, int to) {
    return new String(b, from, to - from, StandardCharsets.UTF_8);
  }

  private static String shown(int c) {
    return "'" + (c == '\n' ? "\\n" : c == '\'' ? "\\'" : String.valueOf((char) c)) + "'";
  }

  // ---- comments --------------------------------------------------------------------------------

  private void comment() throws ExpositionException {
    blanks();
    String keyword = word();
    boolean help = keyword.equals("HELP");
    if (b[at] == '\n') {
      return;
    }
    if (!help && !keyword.equals("TYPE")) {
      restOfLine();
      return;
    }
    blanks();
    if (current() == '\n') {
      return;
    }
    String name = name(true, false);
    if (current() == '\n') {
      checkCommented(name);
      select(name);
      return;
    }
    if (!isBlank(b[at])) {
      throw new ExpositionException("invalid metric name in comment");
    }
    checkCommented(name);
    FamilyBuilder f = select(name);
    blanks();
    if (current() == '\n') {
      return;
    }
    if (help) {
      help(f);
    } else {
      type(f);
    }
  }

  private void checkCommented(String name) throws ExpositionException {
    if (name.isEmpty()) {
      throw new ExpositionException("invalid metric name in comment");
    }
    checkMetricName(name);
  }

  private void help(FamilyBuilder f) throws ExpositionException {
    if (!f.help.isEmpty()) {
      throw new ExpositionException("second HELP line for metric name " + GoString.quote(f.name));
    }
    int from = at;
    boolean escaped = false;
    while (current() != '\n') {
      if (b[at] == '\\') {
        escaped = true;
        at++;
        int c = current();
        if (c != '\\' && c != 'n' && c != '"') {
          throw new ExpositionException("invalid escape sequence '\\" + (char) c + "'");
        }
      }
      at++;
    }
    f.help = escaped ? unescaped(from, at) : text(from, at);
  }

  private void type(FamilyBuilder f) throws ExpositionException {
    if (f.kind != null) {
      throw new ExpositionException(
          "second TYPE line for metric name "
              + GoString.quote(f.name)
              + ", or TYPE reported after samples");
    }
    String text = restOfLine();
    Kind kind = Kind.of(text);
    if (kind == null) {
      throw new ExpositionException("unknown metric type " + GoString.quote(text));
    }
    f.kind = kind;
  }

  // ---- names -----------------------------------------------------------------------------------

  /** Reads a name; empty when there is none. Outside braces only comments have quoted ones. */
  private String name(boolean quotable, boolean label) throws ExpositionException {
    if (quotable && current() == '"') {
      at++;
      int from = at;
      while (current() != '"') {
        if (b[at] == '\n') {
          throw new ExpositionException(
              "metric name " + GoString.quote(text(from, at)) + " contains unescaped new-line");
        }
        if (b[at] == '\\') {
          at++;
          int c = current();
          if (c != '\\' && c != 'n' && c != '"') {
            throw new ExpositionException("invalid escape sequence '\\" + (char) c + "'");
          }
        }
        at++;
      }
      String name = unescaped(from, at);
      at++;
      return name;
    }
    int from = at;
    int c = current();
    while (c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z'
        || c == '_'
        || c == ':' && !label
        || c >= '0' && c <= '9' && at > from) {
      at++;
      c = current();
    }
    return text(from, at);
  }

  private String unescaped(int from, int to) {
    byte[] out = new byte[to - from];
    int n = 0;
    for (int i = from; i < to; i++) {
      if (b[i] == '\\') {
        i++;
        out[n++] = b[i] == 'n' ? (byte) '\n' : b[i];
      } else {
        out[n++] = b[i];
      }
    }
    return new String(out, 0, n, StandardCharsets.UTF_8);
  }

  private void checkMetricName(String name) throws ExpositionException {
    if (!utf8Names && !NameScheme.isLegacyMetricName(name)) {
      throw new ExpositionException("invalid metric name " + GoString.quote(name));
    }
  }

  /** Selects the family that a name belongs to: its own, or a summary's or histogram's. */
  private FamilyBuilder select(String name) {
    part = Part.POINT;
    FamilyBuilder known = families.get(name);
    if (known == null) {
      known = distribution(name);
    }
    if (known == null) {
      known = new FamilyBuilder(name);
      families.put(name, known);
    }
    family = known;
    return known;
  }

  private @Nullable FamilyBuilder distribution(String name) {
    int cut = name.lastIndexOf('_');
    if (cut < 0) {
      return null;
    }
    String suffix = name.substring(cut);
    FamilyBuilder f = families.get(name.substring(0, cut));
    if (f == null || f.kind == null) {
      return null;
    }
    boolean ofHistogram = f.kind.isHistogram();
    if (!ofHistogram && f.kind != Kind.SUMMARY) {
      return null;
    }
    switch (suffix) {
      case "_count" -> part = Part.COUNT;
      case "_sum" -> part = Part.SUM;
      default -> {
        return ofHistogram && suffix.equals("_bucket") ? f : null;
      }
    }
    return f;
  }

  // ---- samples ---------------------------------------------------------------------------------

  private void sample() throws ExpositionException {
    family = null;
    labels.clear();
    point = Double.NaN;
    named = current() != '{';
    if (named) {
      String name = name(false, false);
      if (name.isEmpty()) {
        throw new ExpositionException("invalid metric name");
      }
      begin(name);
      blanks();
    }
    if (current() == '{') {
      at++;
      labels();
    }
    FamilyBuilder f = family;
    if (f == null) {
      throw new ExpositionException("invalid metric name");
    }
    blanks();
    String number = word();
    double value = number(number, "expected float as value, got ");
    SeriesLabels series = labels.build();
    if (f.kind == Kind.SUMMARY || f.kind != null && f.kind.isHistogram()) {
      f.add(series, part, point, value);
    } else {
      f.add(series, value);
    }
    if (b[at] != '\n') {
      timestamp();
    }
  }

  private void begin(String name) {
    FamilyBuilder f = select(name);
    if (f.kind == null) {
      f.kind = Kind.UNTYPED;
    }
  }

  private void labels() throws ExpositionException {
    while (true) {
      blanks();
      if (current() == '}') {
        at++;
        return;
      }
      boolean quoted = current() == '"';
      String name = name(true, true);
      FamilyBuilder f = family;
      String of = f == null ? "\"\"" : GoString.quote(f.name);
      if (name.isEmpty()) {
        throw new ExpositionException("invalid label name for metric " + of);
      }
      blanks();
      int c = current();
      if (quoted && !named && c != '=' && (f == null || c == ',' || c == '}')) {
        nameInBraces(f, name, c);
        if (c == ',') {
          at++;
        }
        continue;
      }
      label(f, name, of);
      blanks();
      if (current() == ',') {
        at++;
      } else if (b[at] != '}') {
        throw new ExpositionException("unexpected end of label value");
      }
    }
  }

  private void nameInBraces(@Nullable FamilyBuilder f, String name, int next)
      throws ExpositionException {
    if (f != null) {
      throw new ExpositionException("multiple metric names for metric " + GoString.quote(f.name));
    }
    if (next != ',' && next != '}') {
      throw new ExpositionException("unexpected end of metric name " + shown(next));
    }
    checkMetricName(name);
    begin(name);
  }

  private void label(@Nullable FamilyBuilder f, String name, String of) throws ExpositionException {
    if (name.equals(Labels.METRIC_NAME)) {
      throw new ExpositionException("label name \"" + name + "\" is reserved");
    }
    if (!utf8Names && !Labels.isLegacyName(name)) {
      throw new ExpositionException("invalid label name " + GoString.quote(name));
    }
    if (current() != '=') {
      throw new ExpositionException("expected '=' after label name, found " + shown(b[at]));
    }
    at++;
    blanks();
    if (current() != '"') {
      throw new ExpositionException("expected '\"' at start of label value, found " + shown(b[at]));
    }
    String value = labelValue();
    Kind kind = f == null ? null : f.kind;
    boolean summary = kind == Kind.SUMMARY;
    if (summary && name.equals("quantile")
        || kind != null && kind.isHistogram() && name.equals("le")) {
      point = number(value, "expected float as value for '" + name + "' label, got ");
      return;
    }
    if (labels.has(name)) {
      throw new ExpositionException("duplicate label names for metric " + of);
    }
    labels.add(name, value);
  }

  private String labelValue() throws ExpositionException {
    at++;
    int from = at;
    boolean escaped = false;
    while (current() != '"') {
      if (b[at] == '\n') {
        throw new ExpositionException(
            "label value " + GoString.quote(text(from, at)) + " contains unescaped new-line");
      }
      if (b[at] == '\\') {
        escaped = true;
        at++;
        int c = current();
        if (c != '\\' && c != 'n' && c != '"') {
          throw new ExpositionException("invalid escape sequence '\\" + (char) c + "'");
        }
      }
      at++;
    }
    if (!ProtobufWire.isUtf8(b, from, at)) {
      throw new ExpositionException(
          "invalid label value " + GoString.quote(GoString.decode(b, from, at)));
    }
    String value = escaped ? unescaped(from, at) : text(from, at);
    at++;
    return value;
  }

  private static double number(String text, String problem) throws ExpositionException {
    try {
      if (text.indexOf('p') < 0 && text.indexOf('P') < 0 && text.indexOf('_') < 0) {
        return GoFloat.parse(text);
      }
    } catch (NumberFormatException _) {
      // said below
    }
    throw new ExpositionException(problem + GoString.quote(text));
  }

  private void timestamp() throws ExpositionException {
    blanks();
    String text = word();
    if (!isInteger(text)) {
      throw new ExpositionException("expected integer as timestamp, got " + GoString.quote(text));
    }
    timed = true;
    String rest = restOfLine();
    if (!rest.isEmpty()) {
      throw new ExpositionException("spurious string after timestamp: " + GoString.quote(rest));
    }
  }

  private static boolean isInteger(String text) {
    try {
      Long.parseLong(text);
      // digits of other scripts are none to Go
      return text.toLowerCase(Locale.ROOT).chars().allMatch(c -> c < 0x80);
    } catch (NumberFormatException _) {
      return false;
    }
  }
}
