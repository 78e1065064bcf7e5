"""What transactions share: writes sent together, commands committed together, data kept between them."""
