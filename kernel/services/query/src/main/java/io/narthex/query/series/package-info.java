/**
 * The values of an evaluation: steps, series of samples, series of values.
 *
 * <p>An example: {@code sum by (job) (rate(http_requests_total[5m]))} from 12:00 to 13:00 with a
 * step of one minute, over series that are scraped every 15 seconds.
 *
 * <ul>
 *   <li>{@link io.narthex.query.series.Grid}: 61 steps, 60,000 ms apart, from 12:00 on.
 *   <li>{@link io.narthex.query.series.Samples}: the 260 samples of one series between 11:55 and
 *       13:00, in columns of times and values; one object per series of the selector.
 *   <li>{@link io.narthex.query.functions.Windows}: which of them each step uses, for 12:00 those
 *       after 11:55 and not after 12:00; as index bounds, without a copy.
 *   <li>{@link io.narthex.query.series.StepSeries}: the rate of that series at the 61 steps; {@code
 *       kinds[i]} says whether step {@code i} has a float, a histogram or no value.
 *   <li>{@link io.narthex.query.series.Value.Vector}: the rates of all series; then, as the value
 *       of {@code sum}, one {@code StepSeries} for each {@code job}.
 * </ul>
 */
@NullMarked
package io.narthex.query.series;

import org.jspecify.annotations.NullMarked;
