package io.narthex.rules.unittest;

import java.io.StringWriter;
import java.time.Instant;
import java.util.List;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** The outcome of files as JUnit XML: a suite per file, a case per test. */
final class JunitReport {
  private JunitReport() {}

  /** A file with its tests. */
  record Suite(String file, Instant began, List<Case> cases) {
    Suite {
      cases = List.copyOf(cases);
    }

    long failures() {
      return cases.stream().mapToLong(c -> c.failures().size()).sum();
    }
  }

  /** A test with what failed. */
  record Case(String name, double seconds, List<String> failures) {
    Case {
      failures = List.copyOf(failures);
    }
  }

  static String write(List<Suite> suites) {
    StringWriter text = new StringWriter();
    try {
      XMLStreamWriter xml = XMLOutputFactory.newInstance().createXMLStreamWriter(text);
      xml.writeStartDocument("UTF-8", "1.0");
      xml.writeStartElement("testsuites");
      for (Suite suite : suites) {
        write(xml, suite);
      }
      xml.writeEndElement();
      xml.writeEndDocument();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IllegalStateException("JUnit report cannot be written", e);
    }
    return text.toString();
  }

  private static void write(XMLStreamWriter xml, Suite suite) throws XMLStreamException {
    xml.writeStartElement("testsuite");
    xml.writeAttribute("name", valid(suite.file()));
    xml.writeAttribute("tests", String.valueOf(suite.cases().size()));
    xml.writeAttribute("failures", String.valueOf(suite.failures()));
    xml.writeAttribute("errors", "0");
    xml.writeAttribute("skipped", "0");
    xml.writeAttribute("timestamp", suite.began().toString());
    for (Case test : suite.cases()) {
      xml.writeStartElement("testcase");
      xml.writeAttribute("name", valid(test.name()));
      xml.writeAttribute("time", String.valueOf(test.seconds()));
      for (String failure : test.failures()) {
        xml.writeStartElement("failure");
        xml.writeCharacters(valid(failure));
        xml.writeEndElement();
      }
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }

  /** Replaces what XML 1.0 cannot contain. */
  private static String valid(String text) {
    return text.codePoints()
        .map(c -> isValid(c) ? c : 0xFFFD)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private static boolean isValid(int c) {
    return c == '\t'
        || c == '\n'
        || c == '\r'
        || (c >= 0x20 && c <= 0xD7FF)
        || (c >= 0xE000 && c <= 0xFFFD)
        || c >= 0x10000;
  }
}
