package io.narthex.exposition;

/**
 * How an exposition is read. Not to be confused with the options of the PromQL parser, {@code
 * io.narthex.promql.ParserOptions}.
 *
 * @param typeAndUnitLabels add {@code __type__} and {@code __unit__} from the metadata
 * @param skipCreatedSeries read OpenMetrics {@code _created} lines as start times, not as series
 * @param convertClassicToNhcb fold classic histograms into custom-bucket ones
 * @param keepClassic report classic histograms also where a native or folded one is reported
 * @param ignoreNative report classic parts only
 */
public record ParserOptions(
    boolean typeAndUnitLabels,
    boolean skipCreatedSeries,
    boolean convertClassicToNhcb,
    boolean keepClassic,
    boolean ignoreNative) {
  /** No option on, native histograms ignored: the default of a scrape. */
  public static final ParserOptions DEFAULT = new ParserOptions(false, false, false, false, true);
}
