package io.narthex.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BundledWebContentTest {
  private static final Pattern REFERENCE = Pattern.compile("(?:href|src)=\"([^\"]+)\"");

  private final BundledWebContent content = new BundledWebContent();

  @Test
  void opensThePageAndEverythingItRefersTo() throws IOException {
    String html = read("index.html");
    assertThat(html).contains("<base href=\"NARTHEX_BASE_HREF\">");
    List<String> references = new ArrayList<>();
    Matcher m = REFERENCE.matcher(html);
    while (m.find()) {
      if (!m.group(1).equals("NARTHEX_BASE_HREF")) {
        references.add(m.group(1));
      }
    }
    assertThat(references)
        .hasSizeGreaterThanOrEqualTo(3)
        .allMatch(r -> r.startsWith("assets/"), "is relative to the base")
        .allSatisfy(r -> assertThat(read(r)).isNotEmpty());
  }

  @Test
  void hasNoInlineScriptOrStyleSoThatTheStrictPolicyHolds() throws IOException {
    assertThat(read("index.html"))
        .doesNotContainPattern("<script(?![^>]*src=)")
        .doesNotContain("<style")
        .doesNotContainPattern("\\son[a-z]+=")
        .doesNotContainPattern("\\sstyle=");
  }

  @Test
  void carriesTheNoticesOfItsLibraries() throws IOException {
    assertThat(read("THIRD-PARTY.txt")).contains("preact", "uplot", "codemirror-promql");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/index.html",
        "assets",
        "assets/",
        "none.js",
        "../web/index.html",
        "assets/../index.html",
        "assets//x.js",
        "./index.html",
        "..\\index.html"
      })
  void opensNothingElse(String path) {
    assertThat(content.open(path)).isNull();
  }

  private String read(String path) throws IOException {
    try (InputStream in = content.open(path)) {
      return new String(Objects.requireNonNull(in, path).readAllBytes(), UTF_8);
    }
  }
}
