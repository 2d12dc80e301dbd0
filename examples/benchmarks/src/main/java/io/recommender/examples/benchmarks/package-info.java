/** JMH benchmarks of the library against the engines under it. */
package io.recommender.examples.benchmarks;
