package io.narthex.query.functions;

import io.narthex.model.Labels;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Strings;
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.series.Grid;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import io.narthex.text.re2.Re2;
import io.narthex.text.re2.Re2SyntaxException;
import io.narthex.text.re2.Template;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code label_replace}, {@code label_join} and sorting. */
public final class LabelFunctions {
  static final List<FunctionKernel> KERNELS =
      List.of(
          ofVector("label_replace", LabelFunctions::replace),
          ofVector("label_join", LabelFunctions::join),
          ofVector("sort", (o, c, grid) -> sorted(o, c, grid, false)),
          ofVector("sort_desc", (o, c, grid) -> sorted(o, c, grid, true)),
          ofVector("sort_by_label", (o, c, grid) -> sortedByLabel(o, c, grid, false)),
          ofVector("sort_by_label_desc", (o, c, grid) -> sortedByLabel(o, c, grid, true)));

  /** Computes the series of a vector. */
  private interface OfVector {
    List<StepSeries> eval(Operators operators, Call call, Grid grid);
  }

  private static FunctionKernel ofVector(String name, OfVector f) {
    return FunctionKernel.ofValues(name, (o, c, grid) -> new Value.Vector(f.eval(o, c, grid)));
  }

  /** Values of the source label whose results are cached: most labels have few values. */
  private static final int KNOWN = 1024;

  private LabelFunctions() {}

  private static List<StepSeries> replace(Operators e, Call c, Grid grid) {
    QueryContext context = e.context();
    List<Expr> a = c.arguments();
    String dst = Expressions.text(a.get(1));
    String replacement = Expressions.text(a.get(2));
    String src = Expressions.text(a.get(3));
    String regex = Expressions.text(a.get(4));
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
    long references = replacement.chars().filter(x -> x == '$').count();
    Map<String, Optional<String>> known = new HashMap<>();
    for (StepSeries s : in) {
      context.check();
      String source = s.labels.get(src);
      Optional<String> before = known.get(source);
      String value = before == null ? null : before.orElse(null);
      if (before == null) {
        long most = 2 * (replacement.length() + references * source.length());
        context.take(most);
        value = pattern.replace(source, template);
        context.drop(most);
        if (value != null) {
          context.retain(2L * value.length());
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
    return LabelSets.merge(context, out);
  }

  private static List<StepSeries> join(Operators e, Call c, Grid grid) {
    QueryContext context = e.context();
    List<Expr> a = c.arguments();
    String dst = Expressions.text(a.get(1));
    String separator = Expressions.text(a.get(2));
    List<String> sources = new ArrayList<>();
    for (Expr x : a.subList(3, a.size())) {
      String src = Expressions.text(x);
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
      context.check();
      long length = (long) separator.length() * sources.size();
      for (String source : sources) {
        length += s.labels.get(source).length();
      }
      context.retain(4 * length);
      StringBuilder b = new StringBuilder();
      for (int i = 0; i < sources.size(); i++) {
        b.append(i > 0 ? separator : "").append(s.labels.get(sources.get(i)));
      }
      out.add(
          s.with(s.labels.with(dst, b.toString()), s.dropName && !dst.equals(Labels.METRIC_NAME)));
    }
    return LabelSets.merge(context, out);
  }

  public static boolean isLabelName(String name) {
    return !name.isEmpty() && !Strings.hasRawBytes(name);
  }

  /* order */

  private static List<StepSeries> sorted(Operators o, Call c, Grid grid, boolean descending) {
    List<StepSeries> in = o.vector(c.arguments().get(0), grid);
    if (!o.context().instant) {
      o.context().annotations.sortInRangeQuery(c.position());
      return in;
    }
    // inside a subquery the order at each step does not show
    return grid.size() == 1 ? sort(in, descending) : floatsOf(in, o.context());
  }

  private static List<StepSeries> floatsOf(List<StepSeries> in, QueryContext context) {
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      StepSeries r = s;
      if (s.hists != null) {
        r = context.series(s.labels, s.dropName, s.steps());
        for (int i = 0; i < s.steps(); i++) {
          if (s.kinds[i] == StepSeries.FLOAT) {
            r.set(i, s.floats[i]);
          }
        }
      }
      if (!r.isEmpty()) {
        out.add(r);
      }
    }
    return out;
  }

  private static List<StepSeries> sortedByLabel(
      Operators o, Call c, Grid grid, boolean descending) {
    List<StepSeries> in = o.vector(c.arguments().get(0), grid);
    if (!o.context().instant) {
      o.context().annotations.sortInRangeQuery(c.position());
      return in;
    }
    return sortByLabel(in, c.arguments(), descending);
  }

  private static List<StepSeries> sort(List<StepSeries> in, boolean descending) {
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

  private static List<StepSeries> sortByLabel(
      List<StepSeries> in, List<Expr> a, boolean descending) {
    List<String> names = new ArrayList<>();
    for (Expr x : a.subList(1, a.size())) {
      names.add(Expressions.text(x));
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

  /** Returns whether {@code a} sorts before {@code b}: runs of digits compare as numbers. */
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
