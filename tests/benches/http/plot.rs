//! The table as a picture: a row for each scenario, a point for each contender.

use std::path::Path;

use node_http_host::{
    Result,
    wasmtime::{ensure, error::Context as _, format_err},
};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use serde_json::Value;

use crate::numbers::{self, Number};

const WIDTH: u32 = 900;
/// Pixels of the title and the legend, of a row, and of the axis.
const HEAD: u32 = 70;
const ROW: u32 = 26;
const FOOT: u32 = 50;

/// Distinguishable for the colour-blind (Okabe and Ito).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0x99, 0x99, 0x99),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0x00, 0x00, 0x00),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x72, 0xb2),
];

/// Draws how many times as good everybody is as the first Node, or as whoever comes first if there is none.
pub(crate) fn draw(report: &Value, file: &Path) -> Result<()> {
    let numbers = numbers::of(report)?;
    let names = distinct(numbers.iter().map(|number| &*number.name));
    let base = *names
        .iter()
        .find(|name| name.starts_with("node "))
        .or_else(|| names.first())
        .context("nothing was measured")?;
    let rows = rows(&numbers, base);
    ensure!(!rows.is_empty(), "{base} was measured in no scenario");
    let picture = Picture { base, names: &names, rows: &rows };
    let drawn = picture.draw(file).map_err(|error| format_err!("{error}"));
    drawn.with_context(|| format!("cannot draw {}", file.display()))
}

/// In the order of their first appearance.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

/// A scenario in which the base was measured.
struct Row<'a> {
    scenario: &'a str,
    /// Who is how many times as good, as the logarithm to the base 2.
    points: Vec<(&'a str, f64)>,
}

fn rows<'a>(numbers: &'a [Number], base: &str) -> Vec<Row<'a>> {
    let row = |base: &'a Number| {
        let same = numbers.iter().filter(|number| number.scenario == base.scenario);
        let points = same.map(|number| (&*number.name, number.times(base).log2()));
        Row { scenario: &base.scenario, points: points.collect() }
    };
    numbers.iter().filter(|number| number.name == base).map(row).collect()
}

struct Picture<'a> {
    base: &'a str,
    names: &'a [&'a str],
    rows: &'a [Row<'a>],
}

impl Picture<'_> {
    fn draw(&self, file: &Path) -> Result<(), Box<dyn std::error::Error>> {
        let size = (WIDTH, HEAD + FOOT + ROW * self.rows.len() as u32);
        let area = SVGBackend::new(file, size).into_drawing_area();
        area.fill(&WHITE)?;
        let (head, body) = area.split_vertically(HEAD);
        self.draw_head(&head)?;
        let exponents = || self.rows.iter().flat_map(|row| &row.points).map(|(_, exponent)| *exponent);
        let least = exponents().fold(-1.0, f64::min).floor();
        let most = exponents().fold(1.0, f64::max).ceil();
        let rows = self.rows.len() as i32;
        let mut chart = ChartBuilder::on(&body)
            .margin_right(20)
            .x_label_area_size(FOOT)
            .y_label_area_size(110)
            // The first row is at the top.
            .build_cartesian_2d(least..most, (-rows..1).step(1))?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_labels((most - least) as usize + 1)
            .x_label_formatter(&|exponent| times(*exponent))
            .y_labels(self.rows.len() + 2)
            .y_label_formatter(&|row| self.scenario(-row))
            .label_style(("sans-serif", 14))
            .draw()?;
        chart.draw_series([PathElement::new([(0.0, -rows), (0.0, 1)], BLACK)])?;
        for (row, Row { points, .. }) in (0..).zip(self.rows) {
            // In reverse, so that ours lie above the others, and all can be seen.
            let points = points.iter().rev();
            chart.draw_series(
                points.map(|(name, exponent)| Circle::new((*exponent, -row), 5, self.style(name))),
            )?;
        }
        area.present()?;
        Ok(())
    }

    /// What the picture shows, and who is who.
    fn draw_head<B: DrawingBackend>(
        &self,
        head: &DrawingArea<B, plotters::coord::Shift>,
    ) -> Result<(), Box<dyn std::error::Error>>
    where
        B::ErrorType: 'static,
    {
        let style = |size| ("sans-serif", size).into_text_style(head).pos(Pos::new(HPos::Left, VPos::Center));
        let title = format!("How many times as good as {}: as fast, as small, as soon", self.base);
        head.draw(&Text::new(title, (20, 20), style(18)))?;
        let step = (WIDTH as i32 - 40) / self.names.len() as i32;
        for (index, name) in (0..).zip(self.names) {
            head.draw(&Circle::new((26 + step * index, 50), 5, self.style(name)))?;
            head.draw(&Text::new((*name).to_owned(), (38 + step * index, 50), style(14)))?;
        }
        Ok(())
    }

    fn style(&self, name: &str) -> ShapeStyle {
        let index = self.names.iter().position(|other| *other == name).unwrap_or(0);
        COLOURS[index % COLOURS.len()].mix(0.8).filled()
    }

    fn scenario(&self, row: i32) -> String {
        let row = usize::try_from(row).ok().and_then(|row| self.rows.get(row));
        row.map_or_else(String::new, |row| row.scenario.to_owned())
    }
}

/// A power of two: `1/2`, `1`, `2`.
fn times(exponent: f64) -> String {
    let times = exponent.abs().exp2();
    if exponent < 0.0 { format!("1/{times:.0}") } else { format!("{times:.0}") }
}
