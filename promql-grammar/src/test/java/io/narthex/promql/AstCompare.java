package io.narthex.promql;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.model.Matcher;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;

/** Compares a tree with its JSON form in the conformance data. */
@NullUnmarked
final class AstCompare {
  private AstCompare() {}

  static void compare(JsonNode want, Expr got, String path, List<String> out) {
    String kind = got instanceof Expr.Call ? "Call" : got.getClass().getSimpleName();
    String here = path + "/" + kind;
    check(here, "node", want.path("node").asText(), kind, out);
    if (want.has("PosRange")) {
      position(here, want.get("PosRange"), got.position(), out);
    }
    switch (got) {
      case Expr.NumberLiteral n -> {
        double value =
            want.path("Val").isTextual()
                ? Numbers.parse(want.get("Val").asText())
                : want.path("Val").asDouble();
        check(here, "Val", value, n.value(), out);
        check(here, "Duration", want.path("Duration").asBoolean(), n.duration(), out);
      }
      case Expr.StringLiteral s -> {
        if (want.path("Val").isTextual()) {
          check(here, "Val", want.get("Val").asText(), s.value(), out);
        }
      }
      case Expr.VectorSelector v -> selector(want, v, here, out);
      case Expr.MatrixSelector m -> {
        compare(want.get("VectorSelector"), m.selector(), here, out);
        seconds(here, "Range", want, m.rangeMs(), out);
        duration(want.path("RangeExpr"), m.rangeExpr(), here + ".RangeExpr", out);
        check(here, "EndPos", want.path("EndPos").asInt(), m.end(), out);
      }
      case Expr.SubqueryExpr s -> {
        compare(want.get("Expr"), s.expr(), here, out);
        seconds(here, "Range", want, s.rangeMs(), out);
        seconds(here, "Step", want, s.stepMs(), out);
        seconds(here, "OriginalOffset", want, s.offsetMs(), out);
        duration(want.path("RangeExpr"), s.rangeExpr(), here + ".RangeExpr", out);
        duration(want.path("StepExpr"), s.stepExpr(), here + ".StepExpr", out);
        duration(
            want.path("OriginalOffsetExpr"), s.offsetExpr(), here + ".OriginalOffsetExpr", out);
        at(here, want, s.at(), out);
        check(here, "EndPos", want.path("EndPos").asInt(), s.end(), out);
      }
      case Expr.BinaryExpr b -> {
        check(here, "Op", want.path("Op").asText(), b.op().symbol(), out);
        check(here, "ReturnBool", want.path("ReturnBool").asBoolean(), b.returnBool(), out);
        compare(want.get("LHS"), b.left(), here + ".LHS", out);
        compare(want.get("RHS"), b.right(), here + ".RHS", out);
        JsonNode m = want.path("VectorMatching");
        VectorMatching matching = b.matching();
        check(here, "VectorMatching", m.isObject(), matching != null, out);
        if (matching != null && m.isObject()) {
          check(here, "Card", m.path("Card").asText("one-to-one"), matching.card().text(), out);
          check(here, "On", m.path("On").asBoolean(), matching.on(), out);
          check(here, "Labels", strings(m.path("MatchingLabels")), matching.labels(), out);
          check(here, "Include", strings(m.path("Include")), matching.include(), out);
        }
      }
      case Expr.UnaryExpr u -> {
        check(here, "Op", want.path("Op").asText(), u.minus() ? "-" : "+", out);
        check(here, "StartPos", want.path("StartPos").asInt(), u.position().start(), out);
        compare(want.get("Expr"), u.expr(), here, out);
      }
      case Expr.ParenExpr p -> compare(want.get("Expr"), p.expr(), here, out);
      case Expr.AggregateExpr a -> {
        check(here, "Op", want.path("Op").asText(), a.op().text(), out);
        check(here, "Without", want.path("Without").asBoolean(), a.without(), out);
        check(here, "Grouping", strings(want.path("Grouping")), a.grouping(), out);
        compare(want.get("Expr"), a.expr(), here, out);
        Expr param = a.param();
        check(here, "Param", want.has("Param"), param != null, out);
        if (param != null) {
          compare(want.get("Param"), param, here + ".Param", out);
        }
      }
      case Expr.Call c -> {
        check(here, "Func", want.path("Func").asText(), c.function().name(), out);
        JsonNode values = want.path("Args").path("_values");
        check(here, "Args", values.size(), c.arguments().size(), out);
        for (int i = 0; i < Math.min(values.size(), c.arguments().size()); i++) {
          compare(values.get(i), c.arguments().get(i), here + "[" + i + "]", out);
        }
      }
    }
  }

  private static void selector(
      JsonNode want, Expr.VectorSelector v, String here, List<String> out) {
    check(here, "Name", want.path("Name").asText(), v.name(), out);
    List<String> wanted = new ArrayList<>();
    for (JsonNode m : want.get("LabelMatchers")) {
      wanted.add(m.get("name").asText() + m.get("type").asText() + m.get("value").asText());
    }
    List<String> got = new ArrayList<>();
    for (Matcher m : v.matchers()) {
      got.add(m.name() + m.type().symbol() + m.value());
    }
    check(here, "LabelMatchers", wanted, got, out);
    seconds(here, "OriginalOffset", want, v.offsetMs(), out);
    duration(want.path("OriginalOffsetExpr"), v.offsetExpr(), here + ".OriginalOffsetExpr", out);
    at(here, want, v.at(), out);
    check(
        here,
        "BypassEmptyMatcherCheck",
        want.path("BypassEmptyMatcherCheck").asBoolean(),
        v.matchersOnly(),
        out);
  }

  private static void at(String here, JsonNode want, Expr.At at, List<String> out) {
    String wanted =
        want.has("StartOrEnd")
            ? want.get("StartOrEnd").asText()
            : want.has("Timestamp") ? want.get("Timestamp").asText() : "";
    String got =
        at == null
            ? ""
            : switch (at.kind()) {
              case START -> "start";
              case END -> "end";
              case FIXED -> Long.toString(at.timestampMs());
            };
    check(here, "At", wanted, got, out);
  }

  private static void duration(JsonNode want, DurationExpr got, String here, List<String> out) {
    check(here, "present", want.isObject(), got != null, out);
    if (got == null || !want.isObject()) {
      return;
    }
    boolean wantLiteral = want.get("node").asText().equals("NumberLiteral");
    boolean wrappedLiteral = got instanceof DurationExpr.Literal && got.wrapped() && !wantLiteral;
    if (wrappedLiteral) {
      check(here, "Wrapped", want.path("Wrapped").asBoolean(), true, out);
      duration(
          want.get("RHS"), ((DurationExpr.Literal) got).inParentheses(got.position()), here, out);
      return;
    }
    switch (got) {
      case DurationExpr.Literal l -> {
        check(here, "Val", want.path("Val").asDouble(), l.seconds(), out);
        check(here, "Duration", want.path("Duration").asBoolean(), l.duration(), out);
      }
      case DurationExpr.Unary u -> {
        check(here, "Op", want.path("Op").asText(), "-", out);
        duration(want.path("RHS"), u.operand(), here + ".RHS", out);
      }
      case DurationExpr.Binary b -> {
        check(here, "Op", want.path("Op").asText(), String.valueOf(b.op()), out);
        duration(want.path("LHS"), b.left(), here + ".LHS", out);
        duration(want.path("RHS"), b.right(), here + ".RHS", out);
      }
      case DurationExpr.Variable v ->
          check(here, "Op", want.path("Op").asText(), v.step() ? "step" : "range", out);
      case DurationExpr.Choice c -> {
        check(here, "Op", want.path("Op").asText(), c.max() ? "max_of" : "min_of", out);
        duration(want.path("LHS"), c.left(), here + ".LHS", out);
        duration(want.path("RHS"), c.right(), here + ".RHS", out);
      }
    }
  }

  private static void seconds(String here, String field, JsonNode want, long ms, List<String> out) {
    check(here, field, Math.round(want.path(field).asDouble() * 1000), ms, out);
  }

  private static List<String> strings(JsonNode n) {
    List<String> out = new ArrayList<>();
    n.forEach(x -> out.add(x.asText()));
    return out;
  }

  private static void position(String here, JsonNode want, PosRange got, List<String> out) {
    check(here, "PosRange", new PosRange(want.get(0).asInt(), want.get(1).asInt()), got, out);
  }

  private static void check(String here, String field, Object want, Object got, List<String> out) {
    if (!want.equals(got)) {
      out.add(here + "." + field + " is " + got + ", wanted " + want);
    }
  }
}
