package io.narthex.exposition;

import io.narthex.testkit.Needs;
import io.narthex.text.Conformance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
final class OpenMetricsConformanceTest {
  @Test
  void checksAsTheStandardAsks() throws IOException {
    Conformance strict = new Conformance("openmetrics");
    Conformance valid = new Conformance("openmetrics-scrape-valid");
    Path manifest = Needs.shared("conformance/openmetrics/MANIFEST.tsv");
    List<String> lines = Files.readAllLines(manifest);
    for (String line : lines.subList(1, lines.size())) {
      String[] f = line.split("\t");
      byte[] data =
          Files.readAllBytes(manifest.resolveSibling("parsers").resolve(f[0]).resolve(f[2]));
      String error = null;
      try {
        OpenMetricsCheck.check(data);
      } catch (ExpositionException e) {
        error = e.getMessage();
      }
      boolean shouldParse = f[1].equals("ok");
      strict.check(f[0], shouldParse == (error == null), "want " + f[1] + ", got " + error);
      if (shouldParse) {
        String scrape = null;
        try {
          OpenMetricsParser p = new OpenMetricsParser(ParserOptions.DEFAULT);
          p.reset(data, data.length);
          while (p.next() != ExpositionParser.Entry.END) {
            // reads all
          }
        } catch (ExpositionException e) {
          scrape = e.getMessage();
        }
        valid.check(f[0], scrape == null, scrape);
      }
    }
    strict.finish(0);
    valid.finish(0);
  }
}
