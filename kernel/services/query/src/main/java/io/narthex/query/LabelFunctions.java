package io.narthex.query;

import io.narthex.format.re2.Re2;
import io.narthex.format.re2.Re2SyntaxException;
import io.narthex.format.re2.Template;
import io.narthex.model.Labels;
import io.narthex.promql.Expr;
import io.narthex.promql.Strings;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code label_replace}, {@code label_join} and sorting. */
final class LabelFunctions {
  /** Of so many values of the source label the result is kept: most have few, for many series. */
  private static final int KNOWN = 1024;

  private LabelFunctions() {}

  static List<StepSeries> replace(Evaluator e, List<Expr> a, Grid grid) {
    String dst = Evaluator.text(a.get(1));
    String replacement = Evaluator.text(a.get(2));
    String src = Evaluator.text(a.get(3));
    String regex = Evaluator.text(a.get(4));
    Re2 pattern;
    try {
      pattern = Re2.compileAnchored(regex);
    } catch (Re2SyntaxException x) {
      throw QueryContext.failed("invalid regular expression in label_replace(): " + regex);
    }
    if (!isLabelName(dst)) {
      throw QueryContext.failed("invalid destination label name in label_replace(): " + dst);
    }
    Template template = Template.of(replacement);
    List<StepSeries> in = e.vector(a.get(0), grid);
    List<StepSeries> out = new ArrayList<>(in.size());
    long references = replacement.chars().filter(c -> c == '$').count();
    Map<String, Optional<String>> known = new HashMap<>();
    for (StepSeries s : in) {
      e.context.check();
      String source = s.labels.get(src);
      Optional<String> before = known.get(source);
      String value = before == null ? null : before.orElse(null);
      if (before == null) {
        long most = 2 * (replacement.length() + references * source.length());
        e.context.take(most);
        value = pattern.replace(source, template);
        e.context.drop(most);
        if (value != null) {
          e.context.retain(2L * value.length());
        }
        if (known.size() < KNOWN) {
          known.put(source, Optional.ofNullable(value));
        }
      }
      out.add(
          value == null
              ? s
              : s.with(s.labels.with(dst, value), s.dropName && !dst.equals(Labels.METRIC_NAME)));
    }
    return e.merge(out);
  }

  static List<StepSeries> join(Evaluator e, List<Expr> a, Grid grid) {
    String dst = Evaluator.text(a.get(1));
    String separator = Evaluator.text(a.get(2));
    List<String> sources = new ArrayList<>();
    for (Expr x : a.subList(3, a.size())) {
      String src = Evaluator.text(x);
      if (!isLabelName(src)) {
        throw QueryContext.failed("invalid source label name in label_join(): " + src);
      }
      sources.add(src);
    }
    if (!isLabelName(dst)) {
      throw QueryContext.failed("invalid destination label name in label_join(): " + dst);
    }
    List<StepSeries> in = e.vector(a.get(0), grid);
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      e.context.check();
      long length = (long) separator.length() * sources.size();
      for (String source : sources) {
        length += s.labels.get(source).length();
      }
      e.context.retain(4 * length);
      StringBuilder b = new StringBuilder();
      for (int i = 0; i < sources.size(); i++) {
        b.append(i > 0 ? separator : "").append(s.labels.get(sources.get(i)));
      }
      out.add(
          s.with(s.labels.with(dst, b.toString()), s.dropName && !dst.equals(Labels.METRIC_NAME)));
    }
    return e.merge(out);
  }

  static boolean isLabelName(String name) {
    return !name.isEmpty() && !Strings.hasRawBytes(name);
  }

  /* order */

  static List<StepSeries> sort(List<StepSeries> in, boolean descending) {
    List<StepSeries> out = new ArrayList<>();
    for (StepSeries s : in) {
      if (s.kinds[0] == StepSeries.FLOAT) {
        out.add(s);
      }
    }
    out.sort((x, y) -> {
      double a = x.floats[0];
      double b = y.floats[0];
      if (Double.isNaN(a) || Double.isNaN(b)) {
        return Boolean.compare(Double.isNaN(a), Double.isNaN(b));
      }
      return a == b ? 0 : (a < b) != descending ? -1 : 1;
    });
    return out;
  }

  static List<StepSeries> sortByLabel(List<StepSeries> in, List<Expr> a, boolean descending) {
    List<String> names = new ArrayList<>();
    for (Expr x : a.subList(1, a.size())) {
      names.add(Evaluator.text(x));
    }
    Comparator<StepSeries> order =
        (x, y) -> {
          for (String name : names) {
            String l = x.labels.get(name);
            String r = y.labels.get(name);
            if (!l.equals(r)) {
              return naturalLess(l, r) ? -1 : 1;
            }
          }
          return x.labels.compareTo(y.labels);
        };
    List<StepSeries> out = new ArrayList<>(in);
    out.sort(descending ? order.reversed() : order);
    return out;
  }

  /** Tells whether {@code a} sorts before {@code b}: runs of digits compare as numbers. */
  static boolean naturalLess(String a, String b) {
    int i = 0;
    int j = 0;
    while (i < a.length() && j < b.length()) {
      int ie = chunkEnd(a, i);
      int je = chunkEnd(b, j);
      String x = a.substring(i, ie);
      String y = b.substring(j, je);
      if (isDigit(x.charAt(0)) && isDigit(y.charAt(0))) {
        int c = new java.math.BigInteger(x).compareTo(new java.math.BigInteger(y));
        if (c != 0) {
          return c < 0;
        }
        if (x.length() != y.length()) {
          return x.length() < y.length();
        }
      } else {
        int c = Labels.compareCodePoints(x, y);
        if (c != 0) {
          return c < 0;
        }
      }
      i = ie;
      j = je;
    }
    return a.length() - i < b.length() - j;
  }

  private static int chunkEnd(String s, int from) {
    boolean digits = isDigit(s.charAt(from));
    int end = from + 1;
    while (end < s.length() && isDigit(s.charAt(end)) == digits) {
      end++;
    }
    return end;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
