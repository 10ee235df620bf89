package io.narthex.exporter.jvm.jmx;

/**
 * What one scrape may at most read from a JVM.
 *
 * @param beans MBeans
 * @param attributes attributes of one MBean
 * @param samples samples written
 * @param depth levels of composite and tabular data within each other
 * @param textChars characters of one text value or of the name of an MBean
 * @param allChars characters of all names and labels written
 */
public record Limits(
    int beans, int attributes, int samples, int depth, int textChars, int allChars) {
  /** Those of a server: a broker with thousands of topics stays below. */
  public static final Limits DEFAULT = new Limits(50_000, 5_000, 200_000, 16, 4_096, 100_000_000);
}
